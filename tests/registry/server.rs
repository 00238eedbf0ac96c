//! A server of HTTP on loopback that answers as a test wants, and remembers what it was asked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A request without its body.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub target: String,
    head: String,
}

impl Asked {
    /// The value of a header, whose name is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut values = lines.filter(|(own, _)| own.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.trim())
    }
}

type Handler = Box<dyn FnMut(&Asked, &mut TcpStream) + Send>;

/// The server; it ends when this is dropped.
pub struct Server {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
    stops: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Calls the handler with each request, one after the other.
    pub fn start(handler: impl FnMut(&Asked, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, connections, stops) = (Arc::default(), Arc::default(), Arc::default());
        let mut state = State {
            handler: Box::new(handler),
            asked: Arc::clone(&asked),
            connections: Arc::clone(&connections),
            stops: Arc::clone(&stops),
        };
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if state.stops.load(Ordering::SeqCst) {
                    return;
                }
                state.serve(stream);
            }
        });
        Self { port, asked, connections, stops, thread: Some(thread) }
    }

    /// One that nobody should ask anything.
    pub fn silent() -> Self {
        Self::start(|_, stream| respond(stream, 404, &[], b""))
    }

    /// Everything that was asked, but for attempts to speak TLS.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The targets of all requests.
    pub fn targets(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.target).collect()
    }

    /// How many connections were made, whatever was sent.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stops.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the server failed");
        }
    }
}

struct State {
    handler: Handler,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
    stops: Arc<AtomicBool>,
}

impl State {
    fn serve(&mut self, mut stream: TcpStream) {
        self.connections.fetch_add(1, Ordering::SeqCst);
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return,
            }
            // The first byte of TLS: this server does not speak it.
            if head == [0x16] {
                respond(&mut stream, 400, &[], b"");
                return;
            }
        }
        let head = String::from_utf8(head).unwrap();
        let mut words = head.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let asked = Asked { method, target, head };
        self.asked.lock().unwrap().push(asked.clone());
        (self.handler)(&asked, &mut stream);
    }
}

/// A whole answer. That nobody reads it is no fault.
pub fn respond(stream: &mut TcpStream, status: u16, headers: &[(&str, &str)], body: &[u8]) {
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

/// Waits until the other side closes the connection.
pub fn wait_for_end(stream: &mut TcpStream) {
    let mut rest = [0; 64];
    while stream.read(&mut rest).is_ok_and(|count| count > 0) {}
}
