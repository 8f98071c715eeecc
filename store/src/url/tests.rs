//! URLs that parse, and what the others say.

use proptest::prelude::{ProptestConfig, any, proptest};
use store_core::ErrorKind;

use super::{Scheme, StoreUrl};

fn parse(url: &str) -> StoreUrl {
    url.parse().unwrap()
}

fn refusal(url: &str) -> (ErrorKind, String) {
    let error = url.parse::<StoreUrl>().unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn memory_needs_nothing_behind_its_colon() {
    for url in ["memory:", "memory://", "Memory:", "memory:?"] {
        assert_eq!(parse(url).scheme, Scheme::Memory, "{url}");
    }
}

#[test]
#[cfg(feature = "embedded")]
fn paths_are_as_they_stand_but_for_escapes() {
    for (url, path) in [
        ("embedded:", "state"),
        ("embedded:?page_entries=1", "state"),
        ("embedded:./my state", "./my state"),
        ("embedded:../up", "../up"),
        ("embedded:/a/b", "/a/b"),
        ("embedded:///a/b", "///a/b"),
        ("embedded:a%3Fb%20c%25", "a?b c%"),
        ("embedded:a+b#c&d=e", "a+b#c&d=e"),
        ("embedded:C:stuff", "C:stuff"),
        ("embedded:wörter%C3%A4", "wörterä"),
        ("embedded:./~", "./~"),
        ("EMBEDDED:X", "X"),
    ] {
        assert_eq!(parse(url).scheme, Scheme::Embedded(path.into()), "{url}");
    }
}

#[test]
fn parameters_are_decoded_and_keep_their_order() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let url = parse("memory:?page_entries=5&b=%20+c&d=e?f:g&h");
    assert_eq!(
        url.parameters,
        [pair("page_entries", "5"), pair("b", "  c"), pair("d", "e?f:g"), pair("h", "")]
    );
}

#[test]
fn bad_urls_say_what_to_do() {
    for (url, hint) in [
        ("", "it is empty"),
        ("./state", "embedded:PATH"),
        ("memory", "with a colon"),
        ("?memory:", "no scheme"),
        (":x", "memory:"),
        ("mem:", "use "),
        ("embeded:x", "did you mean embedded:?"),
        ("memry:", "did you mean memory:?"),
        ("reddis://host", "did you mean redis:?"),
        ("memory:x", "no path"),
        ("memory:?a=1&a=2", "parameter a stands twice"),
    ] {
        let (kind, message) = refusal(url);
        assert_eq!(kind, ErrorKind::Config, "{url}");
        assert!(message.contains(hint), "{url}: {message}");
    }
}

#[test]
#[cfg(feature = "embedded")]
fn bad_paths_say_what_to_do() {
    for (url, hint) in [
        ("embedded:%ff", "UTF-8"),
        ("embedded:a%00b", "zero byte"),
        ("embedded:100%", "write %25"),
        ("embedded:%4", "write %25"),
        ("embedded:%+1", "write %25"),
        ("embedded:%é", "write %25"),
        ("embedded://host/path", "takes no host"),
        ("embedded://", "takes no host"),
        ("embedded:~/state", "write the folder out"),
    ] {
        let (kind, message) = refusal(url);
        assert_eq!(kind, ErrorKind::Config, "{url}");
        assert!(message.contains(hint), "{url}: {message}");
    }
}

#[test]
#[cfg(feature = "elastic")]
fn elasticsearch_and_opensearch_are_one_backend() {
    for url in [
        "elasticsearch+http://user:hunter2@host,other:9201",
        "elasticsearch+https://host",
        "opensearch+http://host",
        "opensearch+https://host",
    ] {
        let parsed = parse(url);
        assert_eq!(parsed.scheme, Scheme::Elastic(url.to_owned()));
        assert!(!format!("{parsed:?}").contains("hunter2"));
    }
    let (kind, message) = refusal("elasticsearch://host");
    assert_eq!(kind, ErrorKind::Config);
    assert!(message.contains("did you mean elasticsearch+http"), "{message}");
}

#[test]
#[cfg(not(feature = "elastic"))]
fn elasticsearch_needs_its_feature() {
    let (kind, message) = refusal("elasticsearch+https://user:password@host:9200");
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(message.contains("cargo feature `elastic`"), "{message}");
    assert!(!message.contains("password"), "{message}");
}

#[test]
#[cfg(feature = "redis")]
fn a_server_keeps_its_address_and_does_not_show_it() {
    let url = parse("redis://user:hunter2@host:1/2?namespace=x");
    assert_eq!(url.scheme, Scheme::Redis("redis://user:hunter2@host:1/2".to_owned()));
    assert!(!format!("{url:?}").contains("hunter2"));
    for url in
        ["rediss://h", "redis+cluster://u:p@h,i:1/0", "rediss+cluster://h", "redis+unix:///s"]
    {
        assert_eq!(parse(url).scheme, Scheme::Redis(url.to_owned()));
    }
    for url in ["redis:", "redis://", "redis:host"] {
        let (kind, message) = refusal(url);
        assert_eq!(kind, ErrorKind::Config, "{url}");
        assert!(message.contains("redis://HOST"), "{message}");
    }
}

#[test]
#[cfg(feature = "cassandra")]
fn a_cluster_keeps_its_address_and_does_not_show_it() {
    let url = parse("cassandra://user:hunter2@a:1,b?namespace=x");
    assert_eq!(url.scheme, Scheme::Cassandra("cassandra://user:hunter2@a:1,b".to_owned()));
    assert!(!format!("{url:?}").contains("hunter2"));
    assert_eq!(parse("scylla://h").scheme, Scheme::Cassandra("scylla://h".to_owned()));
    let (kind, message) = refusal("cassandra:host");
    assert_eq!(kind, ErrorKind::Config);
    assert!(message.contains("cassandra://HOST"), "{message}");
}

#[test]
#[cfg(not(feature = "cassandra"))]
fn a_cluster_left_out_of_the_program_names_its_feature() {
    let (kind, message) = refusal("scylla://user:hunter2@host");
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(message.contains("cargo feature `cassandra`"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
#[cfg(not(feature = "redis"))]
fn a_server_left_out_of_the_program_names_its_feature() {
    let (kind, message) = refusal("redis://user:hunter2@host");
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(message.contains("cargo feature `redis`"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
#[cfg(not(feature = "embedded"))]
fn a_backend_left_out_of_the_program_names_its_feature() {
    let (kind, message) = refusal("embedded:./state?block_cache_bytes=1");
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(message.contains("cargo feature `embedded`"), "{message}");
}

#[test]
fn values_do_not_show() {
    let shown = format!("{:?}", parse("memory:?password=hunter2"));
    assert!(shown.contains("password") && !shown.contains("hunter2"));
    for url in ["hunter2", "user2:hunter2@host", "hunter2:x@host", "embedded://hunter2@x"] {
        let (_, message) = refusal(url);
        assert!(!message.contains("hunter2"), "{url}: {message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_text_panics(url in any::<String>(), place in "[a-z%?&=:/~é0-9]{0,12}") {
        for url in [url.clone(), format!("embedded:{url}"), format!("memory:?{url}"), format!("embedded:{place}"), format!("redis://{url}")] {
            let _ = url.parse::<StoreUrl>();
        }
    }
}
