//! temp
#![allow(missing_docs)]
use crate::{Error, ErrorKind, Result};
use bytes::Bytes;
pub trait Key: Sized + Send + Sync + 'static {
    fn codec() -> String;
    fn to_bytes(&self) -> Result<Bytes>;
    fn from_bytes(bytes: &[u8]) -> Result<Self>;
}
pub trait KeyPrefix<K> {
    fn to_bytes(&self) -> Result<Bytes>;
}
pub trait Codec<T>: std::fmt::Debug + Clone + Send + Sync + 'static {
    fn name(&self) -> &'static str;
    fn encode(&self, value: &T) -> Result<Bytes>;
    fn decode(&self, bytes: Bytes) -> Result<T>;
}
impl Key for String {
    fn codec() -> String {
        "string".into()
    }
    fn to_bytes(&self) -> Result<Bytes> {
        Ok(Bytes::copy_from_slice(self.as_bytes()))
    }
    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        String::from_utf8(bytes.to_vec())
            .map_err(|e| Error::new(ErrorKind::Decode, "x").with_source(e))
    }
}
impl Key for Bytes {
    fn codec() -> String {
        "bytes".into()
    }
    fn to_bytes(&self) -> Result<Bytes> {
        Ok(self.clone())
    }
    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(Bytes::copy_from_slice(bytes))
    }
}
#[derive(Clone, Copy, Debug)]
pub struct Json;
impl<T: serde::Serialize + serde::de::DeserializeOwned> Codec<T> for Json {
    fn name(&self) -> &'static str {
        "json"
    }
    fn encode(&self, value: &T) -> Result<Bytes> {
        Ok(serde_json::to_vec(value)
            .map_err(|e| Error::new(ErrorKind::Encode, "x").with_source(e))?
            .into())
    }
    fn decode(&self, bytes: Bytes) -> Result<T> {
        serde_json::from_slice(&bytes)
            .map_err(|e| Error::new(ErrorKind::Decode, "x").with_source(e))
    }
}
