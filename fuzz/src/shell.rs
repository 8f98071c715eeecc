//! Lines of the shell protocol.

use store::{Database, EngineConfig, memory::MemoryBackend};
use store_cli::shell::Session;

const OPEN: &[u8] = br#"{"op":"open","stores":[{"name":"c","kind":"key_value"},{"name":"t","kind":"timestamped_key_value"},
{"name":"w","kind":"window","size_ms":10,"retention_ms":100},{"name":"d","kind":"window","size_ms":10,"retention_ms":100,
"retain_duplicates":true},{"name":"s","kind":"session","retention_ms":100},{"name":"v","kind":"versioned","history_ms":100}]}"#;

/// Lines of the shell protocol, to an open task with a store of each kind: each gets one line of JSON.
pub fn shell(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let Ok(runtime) = runtime else { return };
    let backend = std::sync::Arc::new(MemoryBackend::new());
    let Ok(database) = Database::with(backend, EngineConfig::default()) else { return };
    let mut session = Session::new(database, "fuzz", 0);
    runtime.block_on(async {
        assert_eq!(session.answer(OPEN).await, r#"{"ok":null}"#);
        for line in bytes.split(|byte| *byte == b'\n') {
            let reply = session.answer(line).await;
            assert!(reply.starts_with(r#"{"ok":"#) || reply.starts_with(r#"{"error":"#));
            assert!(!reply.contains('\n'), "one line");
        }
    });
}
