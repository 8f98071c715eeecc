//! Looks a value over for what its format would take and not give back.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};

/// How deep a value may nest, in every codec: below what each of their decoders accepts.
pub(super) const MAX_DEPTH: usize = 100;

/// What a format cannot keep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    /// As the format's serializer says of itself.
    pub(super) human_readable: bool,
    /// It has floats that are no number, and infinite ones.
    pub(super) any_float: bool,
    /// It tells `Some(None)` from `None`.
    pub(super) nested_options: bool,
}

/// Why a value is refused.
#[derive(Debug)]
pub(super) enum Flaw {
    TooDeep,
    NotFinite,
    EmptySome,
    /// The value's own `Serialize` gives an error, which the encoder will meet too.
    Own,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => write!(f, "it nests more than {MAX_DEPTH} deep"),
            Self::NotFinite => f.write_str("it holds a float that is not finite"),
            Self::EmptySome => {
                f.write_str("it holds Some(None) or Some(()), which would come back as None")
            }
            Self::Own => f.write_str("its own Serialize gives an error"),
        }
    }
}

impl std::error::Error for Flaw {}

impl ser::Error for Flaw {
    fn custom<T: fmt::Display>(_quotes: T) -> Self {
        Self::Own
    }
}

/// Finds the first flaw of a value for a format.
pub(super) fn check<T: Serialize + ?Sized>(value: &T, format: Format) -> Result<(), Flaw> {
    value.serialize(Look { format, depth: 0, in_some: false })
}

/// A serializer that writes nothing.
#[derive(Clone, Copy)]
struct Look {
    format: Format,
    depth: usize,
    /// Right inside of `Some`.
    in_some: bool,
}

impl Look {
    fn inside(self, levels: usize) -> Result<Self, Flaw> {
        let depth = self.depth + levels;
        if depth > MAX_DEPTH {
            Err(Flaw::TooDeep)
        } else {
            Ok(Self { depth, in_some: false, ..self })
        }
    }

    fn empty(self) -> Result<(), Flaw> {
        if self.in_some && !self.format.nested_options { Err(Flaw::EmptySome) } else { Ok(()) }
    }

    fn float(self, finite: bool) -> Result<(), Flaw> {
        if finite || self.format.any_float { Ok(()) } else { Err(Flaw::NotFinite) }
    }
}

macro_rules! fine {
    ($($method:ident($value:ty)),* $(,)?) => {$(
        fn $method(self, _value: $value) -> Result<(), Flaw> {
            Ok(())
        }
    )*};
}

impl Serializer for Look {
    type Ok = ();
    type Error = Flaw;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fine! {
        serialize_bool(bool), serialize_char(char), serialize_str(&str), serialize_bytes(&[u8]),
        serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64), serialize_i128(i128),
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64), serialize_u128(u128),
    }

    fn serialize_f32(self, value: f32) -> Result<(), Flaw> {
        self.float(value.is_finite())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Flaw> {
        self.float(value.is_finite())
    }

    fn serialize_none(self) -> Result<(), Flaw> {
        self.empty()
    }

    fn serialize_unit(self) -> Result<(), Flaw> {
        self.empty()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Flaw> {
        self.empty()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
    ) -> Result<(), Flaw> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Flaw> {
        value.serialize(Self { in_some: true, ..self })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Flaw> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        value: &T,
    ) -> Result<(), Flaw> {
        value.serialize(self.inside(1)?)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Self, Flaw> {
        self.inside(1)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Self, Flaw> {
        self.inside(1)
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Self, Flaw> {
        self.inside(1)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self, Flaw> {
        self.inside(2)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Self, Flaw> {
        self.inside(1)
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Self, Flaw> {
        self.inside(1)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self, Flaw> {
        self.inside(2)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _value: &T) -> Result<(), Flaw> {
        Ok(())
    }

    fn is_human_readable(&self) -> bool {
        self.format.human_readable
    }
}

macro_rules! compound {
    ($($part:ident::$method:ident($($name:ty)?)),* $(,)?) => {$(
        impl ser::$part for Look {
            type Ok = ();
            type Error = Flaw;

            fn $method<T: Serialize + ?Sized>(&mut self, $(_name: $name,)? value: &T) -> Result<(), Flaw> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), Flaw> {
                Ok(())
            }
        }
    )*};
}

compound! {
    SerializeSeq::serialize_element(),
    SerializeTuple::serialize_element(),
    SerializeTupleStruct::serialize_field(),
    SerializeTupleVariant::serialize_field(),
    SerializeStruct::serialize_field(&'static str),
    SerializeStructVariant::serialize_field(&'static str),
}

impl ser::SerializeMap for Look {
    type Ok = ();
    type Error = Flaw;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Flaw> {
        key.serialize(*self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Flaw> {
        value.serialize(*self)
    }

    fn end(self) -> Result<(), Flaw> {
        Ok(())
    }
}
