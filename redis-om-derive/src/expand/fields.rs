//! The code that writes the fields of a struct to a hash and reads them back.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Ident, spanned::Spanned};

use crate::model::{Default, Field, Form, Model};

/// The implementation of `HashFields`.
pub(crate) fn fields(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let stored = || model.fields.iter().filter(|field| field.form != Form::Skipped);
    let partial = stored().map(partial);
    let members = stored().map(|field| &field.member);
    let write = stored().map(write);
    let absent = stored().filter_map(|field| absent(field, model.root.is_some()));
    let take = stored().filter(|field| field.form != Form::Embedded).map(take);
    let inside = stored().filter(|field| field.form == Form::Embedded).map(inside);
    let finish = model.fields.iter().map(finish);
    let optional = stored().map(optional);
    let room: usize = stored().map(|field| field.name.len() + 40).sum();
    let rooms = stored().filter(|field| field.form == Form::Embedded).map(|field| {
        let ty = &field.ty;
        quote_spanned!(ty.span()=> + <#ty as __private::HashFields>::ROOM)
    });
    quote! {
        #[doc(hidden)]
        pub struct __RedisPartial {
            #(#partial,)*
        }

        #[automatically_derived]
        impl __private::core::default::Default for __RedisPartial {
            #[inline]
            fn default() -> Self {
                Self { #(#members: __private::core::option::Option::None,)* }
            }
        }

        #[automatically_derived]
        impl __private::HashFields for #ident {
            type Partial = __RedisPartial;
            const OPTIONAL: bool = false #(#optional)*;
            const ROOM: usize = #room #(#rooms)*;

            #[inline]
            fn write(&self, at: &__private::FieldPath<'_>, args: &mut __private::Args<'_>) {
                #(#write)*
            }

            fn absent(
                this: __private::core::option::Option<&Self>,
                at: &__private::FieldPath<'_>,
                found: &mut dyn __private::core::ops::FnMut(&__private::FieldPath<'_>),
            ) {
                #(#absent)*
            }

            #[inline]
            fn take(
                partial: &mut __RedisPartial,
                name: &[u8],
                value: __private::Reply<'_>,
            ) -> __private::core::result::Result<bool, __private::DecodeError> {
                match name {
                    #(#take)*
                    _ => {
                        #(#inside)*
                        return __private::core::result::Result::Ok(false);
                    }
                }
                __private::core::result::Result::Ok(true)
            }

            #[inline]
            fn finish(
                __partial: __RedisPartial,
            ) -> __private::core::result::Result<Self, __private::DecodeError> {
                __private::core::result::Result::Ok(Self { #(#finish,)* })
            }
        }
    }
}

/// The name of the member with the span of its type, so that an error about the type is reported there, and once.
fn at_type(field: &Field) -> Ident {
    let mut member = field.member.clone();
    member.set_span(field.ty.span());
    member
}

/// The member of the partial struct that holds what was read of a field.
fn partial(field: &Field) -> TokenStream {
    let Field { ty, form, .. } = field;
    let member = at_type(field);
    match form {
        Form::Embedded => {
            quote_spanned! {ty.span()=>
                #member: __private::core::option::Option<<#ty as __private::HashFields>::Partial>
            }
        }
        _ => quote!(#member: __private::core::option::Option<#ty>),
    }
}

/// Writes the name and the value of a field.
fn write(field: &Field) -> TokenStream {
    let Field { name, ty, form, optional, .. } = field;
    let member = at_type(field);
    // With the span of the type, so that an error about it is reported there.
    let reference = if *optional { quote!(value) } else { quote_spanned!(ty.span()=> &self.#member) };
    let put = match form {
        Form::Embedded => {
            quote_spanned!(ty.span()=> __private::HashFields::write(#reference, &at.join(#name), args);)
        }
        Form::Byte => {
            quote!(__private::put(args, &at.join(#name), &__private::core::primitive::u16::from(*#reference));)
        }
        Form::Json => {
            quote_spanned!(ty.span()=> __private::put(args, &at.join(#name), &__private::JsonText(#reference));)
        }
        Form::Joined(separator) => quote_spanned! {ty.span()=>
            __private::put(args, &at.join(#name), &__private::Joined(#reference, #separator));
        },
        Form::Plain | Form::Skipped => {
            quote_spanned!(ty.span()=> __private::put_value(args, &at.join(#name), #reference);)
        }
    };
    if *optional {
        quote! {
            if let __private::core::option::Option::Some(value) = &self.#member {
                #put
            }
        }
    } else {
        put
    }
}

/// Passes on the name of a field that has no value. The required fields of a model always have one.
fn absent(field: &Field, root: bool) -> Option<TokenStream> {
    let Field { name, ty, form, optional, .. } = field;
    let member = at_type(field);
    Some(match (form, optional) {
        (Form::Embedded, true) => quote_spanned! {ty.span()=>
            <#ty as __private::HashFields>::absent(
                this.and_then(|this| this.#member.as_ref()), &at.join(#name), found,
            );
        },
        (Form::Embedded, false) => quote_spanned! {ty.span()=>
            <#ty as __private::HashFields>::absent(this.map(|this| &this.#member), &at.join(#name), found);
        },
        (_, true) => quote! {
            if this.is_none_or(|this| this.#member.is_none()) {
                found(&at.join(#name));
            }
        },
        (_, false) if root => return None,
        (_, false) => quote! {
            if this.is_none() {
                found(&at.join(#name));
            }
        },
    })
}

/// Whether a field may be absent.
fn optional(field: &Field) -> TokenStream {
    let ty = &field.ty;
    match (field.form, field.optional) {
        (_, true) => quote!(|| true),
        (Form::Embedded, false) => quote_spanned!(ty.span()=> || <#ty as __private::HashFields>::OPTIONAL),
        (_, false) => TokenStream::new(),
    }
}

/// Takes the value of a field from the reply.
fn take(field: &Field) -> TokenStream {
    let Field { member, label, name, ty, form, .. } = field;
    let bytes = Literal::byte_string(name.as_bytes());
    let read = match form {
        Form::Byte => quote!(__private::read_byte(value, #label)?),
        Form::Json => quote_spanned!(ty.span()=> __private::read_json(value, #label)?),
        Form::Joined(separator) => {
            quote_spanned!(ty.span()=> __private::read_joined(value, #label, #separator)?)
        }
        Form::Plain | Form::Embedded | Form::Skipped => {
            quote_spanned!(ty.span()=> __private::read(value, #label)?)
        }
    };
    quote! {
        #bytes => partial.#member = __private::core::option::Option::Some(#read),
    }
}

/// Passes a value to the embedded struct whose name is the first part of the field name.
fn inside(field: &Field) -> TokenStream {
    let Field { label, name, ty, .. } = field;
    let member = at_type(field);
    let prefix = Literal::byte_string(format!("{name}.").as_bytes());
    quote_spanned! {ty.span()=>
        if let __private::core::option::Option::Some(name) = name.strip_prefix(#prefix) {
            return __private::take_embedded::<#ty>(&mut partial.#member, name, value, #label);
        }
    }
}

/// The value of a field of the struct that was read.
fn finish(field: &Field) -> TokenStream {
    let Field { member, label, name, ty, form, optional, default } = field;
    let value = match (form, optional, default) {
        (Form::Skipped, ..) => {
            quote_spanned!(ty.span()=> __private::core::default::Default::default())
        }
        (Form::Embedded, true, _) => {
            quote_spanned!(ty.span()=> __private::embedded_option::<#ty>(__partial.#member, #label)?)
        }
        (Form::Embedded, false, _) => {
            quote_spanned!(ty.span()=> __private::embedded::<#ty>(__partial.#member, #label)?)
        }
        (_, true, _) => quote!(__partial.#member),
        (_, false, None) => quote!(__private::required(__partial.#member, #label, #name)?),
        (_, false, Some(Default::Trait)) => {
            quote_spanned!(ty.span()=> __partial.#member.unwrap_or_default())
        }
        (_, false, Some(Default::Expression(expression))) => quote! {
            match __partial.#member {
                __private::core::option::Option::Some(value) => value,
                __private::core::option::Option::None => #expression,
            }
        },
    };
    quote!(#member: #value)
}
