//! Golden bytes, laws and refusals of keys and values.

/// Runs a check with every codec that is compiled in.
macro_rules! each_codec {
    (|$codec:ident| $check:expr) => {{
        let $codec = $crate::codec::Json;
        $check;
        #[cfg(feature = "message-pack")]
        {
            let $codec = $crate::codec::MessagePack;
            $check;
        }
        #[cfg(feature = "cbor")]
        {
            let $codec = $crate::codec::Cbor;
            $check;
        }
        #[cfg(feature = "postcard")]
        {
            let $codec = $crate::codec::Postcard;
            $check;
        }
    }};
}

mod exhaustive;
mod golden_values;
mod keys;
mod laws;
mod prefixes;
mod refusals;
mod values;
