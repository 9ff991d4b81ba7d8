//! The code for enums, which are stored by name, and for newtypes, which are stored as their inner value.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Ident, Member, Type, spanned::Spanned};

use crate::value::{Shape, Value};

/// The code for a value: its traits as an argument, as arguments, as a reply and as text.
pub(crate) fn value(value: &Value) -> TokenStream {
    let Value { ident, krate, shape } = value;
    let body = match shape {
        Shape::Enum(variants) => unit_enum(ident, variants),
        Shape::Newtype { member, ty, byte } => newtype(ident, member, ty, *byte),
    };
    quote! {
        const _: () = {
            use #krate::__private;

            #body

            #[automatically_derived]
            impl __private::ToArgs for #ident {
                fn to_args(&self, args: &mut __private::Args<'_>) {
                    args.arg(self);
                }
            }
        };
    }
}

fn unit_enum(ident: &Ident, variants: &[(Ident, String)]) -> TokenStream {
    let idents = || variants.iter().map(|(ident, _)| ident);
    let names = || variants.iter().map(|(_, name)| name);
    let bytes = names().map(|name| Literal::byte_string(name.as_bytes()));
    let expected = match &names().map(|name| format!("`{name}`")).collect::<Vec<_>>()[..] {
        [one] => one.clone(),
        all => format!("one of {}", all.join(", ")),
    };
    let (to, from, of) = (idents(), idents(), names());
    quote! {
        impl #ident {
            fn __redis_name(&self) -> &'static __private::core::primitive::str {
                match self {
                    #(Self::#to => #of,)*
                }
            }
        }

        #[automatically_derived]
        impl __private::ToArg for #ident {
            fn to_arg(&self, arg: __private::Arg<'_>) -> __private::Written {
                arg.bytes(self.__redis_name().as_bytes())
            }
        }

        #[automatically_derived]
        impl __private::FromRedis for #ident {
            fn from_redis(
                reply: __private::Reply<'_>,
            ) -> __private::core::result::Result<Self, __private::DecodeError> {
                <Self as __private::Atom>::parse(&reply.blob(#expected)?)
            }
        }

        #[automatically_derived]
        impl __private::Atom for #ident {
            fn write(&self, text: &mut __private::Text) {
                text.bytes(self.__redis_name().as_bytes());
            }

            fn parse(
                text: &[u8],
            ) -> __private::core::result::Result<Self, __private::DecodeError> {
                match text {
                    #(#bytes => __private::core::result::Result::Ok(Self::#from),)*
                    _ => __private::core::result::Result::Err(__private::unknown_name(#expected, text)),
                }
            }
        }
    }
}

fn newtype(ident: &Ident, member: &Member, ty: &Type, byte: bool) -> TokenStream {
    let (to, from) = if byte {
        (quote!(arg.integer(self.#member)), quote!(__private::byte(reply)))
    } else {
        (
            quote_spanned!(ty.span()=> __private::ToArg::to_arg(&self.#member, arg)),
            quote_spanned!(ty.span()=> <#ty as __private::FromRedis>::from_redis(reply)),
        )
    };
    quote! {
        #[automatically_derived]
        impl __private::ToArg for #ident {
            #[inline]
            fn to_arg(&self, arg: __private::Arg<'_>) -> __private::Written {
                #to
            }
        }

        #[automatically_derived]
        impl __private::FromRedis for #ident {
            #[inline]
            fn from_redis(
                reply: __private::Reply<'_>,
            ) -> __private::core::result::Result<Self, __private::DecodeError> {
                #from.map(|inner| Self { #member: inner })
            }
        }

        #[automatically_derived]
        impl __private::Newtype for #ident {
            type Inner = #ty;

            #[inline]
            fn inner(&self) -> &Self::Inner {
                &self.#member
            }

            #[inline]
            fn wrap(inner: Self::Inner) -> Self {
                Self { #member: inner }
            }
        }
    }
}
