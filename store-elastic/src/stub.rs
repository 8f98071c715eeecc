//! A server that gives the answers it is told, for what a real one does rarely.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use crate::{ElasticConfig, client::Client, connect::connect};

/// It listens as long as the tests run.
pub(crate) struct Stub {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    /// Answers each request, its path and its body in lines, with a status and a body.
    pub(crate) fn start(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        thread::spawn(move || {
            for line in listener.incoming() {
                serve(&line.unwrap(), |request| {
                    seen.lock().unwrap().push(request.to_owned());
                    answer(request)
                });
            }
        });
        Self { address, requests }
    }

    /// What it was asked.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// One request and its answer.
fn serve(mut stream: &TcpStream, answer: impl FnOnce(&str) -> (u16, String)) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or_default() == 0 {
            return;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        if head.is_empty() {
            head = line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, said) = answer(&format!("{head}{}", String::from_utf8(body).unwrap()));
    let length = said.len();
    // Who asked may have gone.
    let _ = write!(
        stream,
        "HTTP/1.1 {status} told\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{said}"
    );
}

/// A client of some of them, the first one first.
pub(crate) fn client(stubs: &[&Stub]) -> Client {
    let nodes: Vec<_> = stubs.iter().map(|stub| stub.address.to_string()).collect();
    let url = format!("elasticsearch+http://{}", nodes.join(","));
    let config = ElasticConfig { timeout_ms: 5000, ..ElasticConfig::default() };
    connect(&url, &config).unwrap()
}
