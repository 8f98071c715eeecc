//! Which fields of the values are indexed, and how they are taken out.

use std::{fmt, sync::Arc};

use serde::Serialize;

use crate::{
    Error, ErrorKind, Result,
    backend::{Name, Put},
    maps::Maps,
    search::{FieldType, Fields, IndexedField},
};

/// How many fields of a store can be indexed.
pub const MAX_INDEXED: usize = 32;

/// Declared fields, and how a value is made readable for them: made at compile time.
pub(super) struct Indexed<V> {
    fields: [(&'static str, FieldType); MAX_INDEXED],
    /// How many were declared, also where they are too many.
    declared: usize,
    read: Option<Read<V>>,
}

/// What serde says is in a value.
type Read<V> = fn(&V) -> Result<serde_json::Value>;

/// The same for values inside of others.
type ReadAny<V> = dyn Fn(&V) -> Result<serde_json::Value> + Send + Sync;

impl<V> Indexed<V> {
    pub(super) const NONE: Self =
        Self { fields: [("", FieldType::Text); MAX_INDEXED], declared: 0, read: None };

    pub(super) const fn with(mut self, path: &'static str, kind: FieldType) -> Self
    where
        V: Serialize,
    {
        if self.declared < MAX_INDEXED {
            self.fields[self.declared] = (path, kind);
        }
        self.declared += 1;
        self.read = Some(read::<V>);
        self
    }

    /// The fields as they are recorded; `InvalidArgument` where some are not legal.
    pub(super) fn fields(&self, store: &Name) -> Result<Vec<IndexedField>> {
        if self.declared > MAX_INDEXED {
            let message = format!(
                "store {store} indexes {} fields, at most {MAX_INDEXED} are possible: leave some out",
                self.declared
            );
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let fields = self.fields.iter().take(self.declared);
        let fields: Vec<_> = fields.map(|(path, kind)| IndexedField::new(*path, *kind)).collect();
        let named = |error: Error| error.context(format_args!("store {store}"));
        IndexedField::check(&fields).map_err(named)?;
        Ok(fields)
    }

    /// Takes out the fields of values put to a store; none where nothing is indexed or nobody looks at it.
    pub(super) fn projection(&self, maps: &Maps) -> Option<Projection<V>>
    where
        V: 'static,
    {
        let read = self.read.filter(|_| maps.can_search())?;
        Some(Projection { fields: maps.spec().fields.clone().into(), read: Arc::new(read) })
    }
}

fn read<V: Serialize>(value: &V) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|_told| {
        // What it told may repeat what is in the value.
        let message = "a value has no form that fields could be taken out of: JSON cannot have it";
        Error::new(ErrorKind::Encode, message)
    })
}

impl<V> Clone for Indexed<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Indexed<V> {}

/// Takes the indexed fields out of values.
///
/// A cheap clone.
pub struct Projection<V> {
    fields: Arc<[IndexedField]>,
    read: Arc<ReadAny<V>>,
}

impl<V: 'static> Projection<V> {
    /// Adds to a put the fields of the value that it carries.
    ///
    /// `InvalidArgument` for a field of another type than declared, `TooLarge` for one that is too long, `Encode` where serde
    /// fails.
    pub fn add(&self, value: &V, put: Put) -> Result<Put> {
        let fields = Fields::project(&(self.read)(value)?, &self.fields)?;
        Ok(Put { fields: Some(fields.encode()), ..put })
    }

    /// The same fields of something that has such a value inside.
    #[must_use]
    pub fn inside<W>(self, value: impl Fn(&W) -> &V + Send + Sync + 'static) -> Projection<W> {
        let Self { fields, read } = self;
        Projection { fields, read: Arc::new(move |whole| read(value(whole))) }
    }
}

impl<V> Clone for Projection<V> {
    fn clone(&self) -> Self {
        Self { fields: self.fields.clone(), read: self.read.clone() }
    }
}

impl<V> fmt::Debug for Projection<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Projection").field(&self.fields).finish()
    }
}
