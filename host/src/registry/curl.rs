//! One request, made by the program `curl`.
//!
//! What to do goes to its standard input, so that no login is in its arguments, which other users
//! can read. It reads no `.curlrc`, follows no redirect, and is ended when an answer is longer than
//! expected.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::process::{Command, Stdio};

use super::auth::Authorization;
use super::url::Url;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::escape::brief;

/// Bytes of the headers of an answer; curl ends a request with more of them.
const HEADER_BYTES: u64 = 1 << 20;

/// What to fetch.
pub(super) struct HttpRequest<'a> {
    pub(super) url: &'a Url,
    /// The type of the answer.
    pub(super) accept: &'a str,
    pub(super) authorization: Option<&'a Authorization>,
    /// Bytes of the answer.
    pub(super) limit: u64,
}

/// An answer.
pub(super) struct HttpResponse {
    pub(super) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of this name, in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All headers of this name, in lower case.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum CurlFailure {
    /// The server does not speak TLS as it should, in curl's words.
    NoTls(String),
    /// The answer has more bytes than this.
    TooLarge(u64),
    /// The time is over.
    Slow(Deadline),
    /// The program could not be started.
    NotStarted(io::Error),
    /// It failed with this code and message.
    Failed(i32, String),
}

impl CurlFailure {
    /// The error about a request to this address.
    pub(super) fn into_error(self, url: &Url) -> Error {
        let host = url.host();
        match self {
            Self::NoTls(message) => {
                Error::failed(format!("cannot speak TLS with `{host}`: {message}"))
                    .hint("only a registry on this machine may do without it")
            }
            Self::TooLarge(limit) => Error::failed(format!(
                "`{}` sends more than the {limit} bytes that it may have",
                url.without_query()
            )),
            Self::Slow(deadline) => Error::failed(format!(
                "`{host}` did not send everything within {} s",
                deadline.time().as_secs()
            ))
            .hint("--timeout SECONDS gives it more time"),
            Self::NotStarted(error) if error.kind() == io::ErrorKind::NotFound => {
                Error::failed("curl is not installed, and paude fetches policies with it")
                    .hint("apt-get install curl, or dnf install curl")
            }
            Self::NotStarted(error) => Error::failed(format!("curl cannot be started: {error}")),
            Self::Failed(code, message) => {
                let error = Error::failed(format!("cannot fetch from `{host}`: {message}"));
                match code {
                    60 => {
                        error.hint("if its certificate is of a CA of your own: CURL_CA_BUNDLE=FILE")
                    }
                    5..=7 => error.hint("curl goes through the proxy that HTTPS_PROXY names"),
                    _ => error,
                }
            }
        }
    }
}

/// Makes a request.
pub(super) fn get(
    request: &HttpRequest<'_>,
    deadline: Deadline,
) -> Result<HttpResponse, CurlFailure> {
    if deadline.is_over() {
        return Err(CurlFailure::Slow(deadline));
    }
    let mut messages = tempfile::tempfile().map_err(CurlFailure::NotStarted)?;
    let errors = messages.try_clone().map_err(CurlFailure::NotStarted)?;
    #[expect(clippy::disallowed_methods, reason = "the one program that uses the network")]
    let mut command = Command::new("curl");
    command.args(["-q", "--config", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
    let mut child = command.spawn().map_err(CurlFailure::NotStarted)?;
    if let Some(mut stdin) = child.stdin.take() {
        // If it ends before it has read all, its exit code says why.
        let _ = stdin.write_all(config(request, deadline).as_bytes());
    }
    let limit = request.limit + HEADER_BYTES;
    let mut answer = Vec::new();
    let stdout = child.stdout.take().expect("piped");
    let read = stdout.take(limit + 1).read_to_end(&mut answer);
    let too_large = || CurlFailure::TooLarge(request.limit);
    if read.is_err() || answer.len() as u64 > limit {
        let _ = child.kill();
    }
    let status = child.wait().map_err(CurlFailure::NotStarted)?;
    match status.code() {
        _ if answer.len() as u64 > limit => return Err(too_large()),
        Some(0) => {}
        Some(28) => return Err(CurlFailure::Slow(deadline)),
        Some(35) => return Err(CurlFailure::NoTls(last_line(&mut messages))),
        Some(63) => return Err(too_large()),
        code => return Err(CurlFailure::Failed(code.unwrap_or(-1), last_line(&mut messages))),
    }
    let response = parse(&answer)
        .ok_or_else(|| CurlFailure::Failed(0, "the answer is not one of HTTP".to_owned()))?;
    match response.body.len() as u64 > request.limit {
        true => Err(too_large()),
        false => Ok(response),
    }
}

/// The request in the language of curl's settings.
fn config(request: &HttpRequest<'_>, deadline: Deadline) -> String {
    let HttpRequest { url, accept, authorization, limit } = request;
    let mut text = String::from("silent\nshow-error\ninclude\ngloboff\nsuppress-connect-headers\n");
    let mut set = |key: &str, value: &str| {
        let _ = writeln!(text, "{key} = {}", quoted(value));
    };
    set("url", &url.to_string());
    set("proto", &format!("={}", url.scheme()));
    set("user-agent", concat!("paude/", env!("CARGO_PKG_VERSION")));
    set("header", &format!("Accept: {accept}"));
    set("max-time", &format!("{:.3}", deadline.left().as_secs_f64().max(0.001)));
    set("max-filesize", &limit.to_string());
    if url.is_loopback() {
        // What is not encrypted must not leave this machine, neither through a proxy nor by a name
        // that means another one.
        set("noproxy", "*");
        set("resolve", &format!("localhost:{}:127.0.0.1,[::1]", url.port()));
    }
    match authorization {
        Some(Authorization::Bearer(token)) => {
            set("header", &format!("Authorization: Bearer {token}"));
        }
        Some(Authorization::Encoded(login)) => {
            set("header", &format!("Authorization: Basic {login}"));
        }
        Some(Authorization::Login { name, password }) => set("user", &format!("{name}:{password}")),
        None => {}
    }
    text
}

/// A value of a setting, in one line.
fn quoted(value: &str) -> String {
    let mut quoted = String::from('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// Status, headers and body, after interim answers. `None` if it is not an answer of HTTP.
fn parse(mut answer: &[u8]) -> Option<HttpResponse> {
    loop {
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&answer[..end]);
        answer = &answer[end + 4..];
        let (first, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
        let status = first.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok()?;
        if (100..200).contains(&status) {
            continue;
        }
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers = rest.split("\r\n").filter_map(header).collect();
        return Some(HttpResponse { status, headers, body: answer.to_vec() });
    }
}

/// Why curl failed, in its own words.
fn last_line(messages: &mut File) -> String {
    let mut text = Vec::new();
    let _ = messages.seek(SeekFrom::Start(0));
    let _ = messages.take(1 << 16).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find(|line| line.starts_with("curl: ")).unwrap_or_default();
    let (_, reason) = line.split_once(") ").unwrap_or(("", "curl failed without a reason"));
    brief(reason.trim())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_value_cannot_become_another_setting() {
        let url = Url::parse("https://r.example/").unwrap();
        let password = "a\"b\\c\nd\re\toutput = \"/x\"".to_owned();
        let login = Authorization::Login { name: "me".to_owned(), password };
        let request =
            HttpRequest { url: &url, accept: "*/*", authorization: Some(&login), limit: 9 };
        let text = config(&request, Deadline::after(Duration::from_secs(9)));
        let user = r#"user = "me:a\"b\\c\nd\re	output = \"/x\"""#;
        assert!(text.lines().any(|line| line == user), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("output")), "{text}");
    }

    /// Whatever proxy is set, and whatever `localhost` means elsewhere.
    #[test]
    fn what_is_for_this_machine_stays_on_it() {
        let text = |url: &str| {
            let url = &Url::parse(url).unwrap();
            let request = HttpRequest { url, accept: "*/*", authorization: None, limit: 9 };
            config(&request, Deadline::after(Duration::from_secs(9)))
        };
        for url in ["http://localhost:5/", "https://localhost:5/", "http://127.0.0.1:5/"] {
            let text = text(url);
            let lines: Vec<_> = text.lines().collect();
            assert!(lines.contains(&"noproxy = \"*\""), "{text}");
            assert!(lines.contains(&"resolve = \"localhost:5:127.0.0.1,[::1]\""), "{text}");
        }
        let text = text("https://r.example/");
        assert!(!text.contains("noproxy") && !text.contains("resolve"), "{text}");
        assert!(text.lines().any(|line| line == "proto = \"=https\""), "{text}");
    }

    #[test]
    fn the_last_answer_is_read() {
        let text =
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/2 401 \r\nA: b\r\nWWW-Authenticate:  Basic \r\n\
            a: c\r\n\r\nbody\r\n\r\nmore";
        let response = parse(text).unwrap();
        assert_eq!(response.status, 401);
        assert_eq!(response.all("a").collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(response.header("www-authenticate"), Some("Basic"));
        assert_eq!(response.body, b"body\r\n\r\nmore");
        for text in ["", "HTTP/1.1 200 OK\r\n", "220 ftp\r\n\r\n", "HTTP/1.1 x\r\n\r\n"] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
