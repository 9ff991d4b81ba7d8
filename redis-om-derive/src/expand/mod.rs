//! Generates Rust code from the validated model. The code names only `__private`, so that no name in the user's scope can
//! change its meaning.

mod fields;
mod value;

use proc_macro2::TokenStream;
use quote::quote;
pub(crate) use value::value;

use crate::model::{Model, Root, Storage};

/// The code for a model: its key, and its fields where it is a hash.
pub(crate) fn model(model: &Model) -> TokenStream {
    let Model { ident, krate, root, .. } = model;
    let Some(Root { storage, prefix, id: (id, id_type) }) = root else { return TokenStream::new() };
    let name = ident.to_string();
    let (storage, fields) = match storage {
        Storage::Hash => (quote!(AsHash), fields::fields(model)),
        Storage::Json => (quote!(AsJson), TokenStream::new()),
    };
    quote! {
        const _: () = {
            use #krate::__private;

            #[automatically_derived]
            impl __private::RedisModel for #ident {
                type Id = #id_type;
                type Storage = __private::#storage;
                const MODEL_NAME: &'static str = #name;
                const KEY_PREFIX: &'static str = #prefix;

                #[inline]
                fn id(&self) -> &Self::Id {
                    &self.#id
                }
            }

            #fields
        };
    }
}

/// The code for an embedded struct: its fields.
pub(crate) fn embedded(model: &Model) -> TokenStream {
    let krate = &model.krate;
    let fields = fields::fields(model);
    quote! {
        const _: () = {
            use #krate::__private;

            #fields
        };
    }
}
