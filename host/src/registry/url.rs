//! The addresses of requests, in a form so narrow that curl reads them as they are read here.

use std::fmt;
use std::net::Ipv4Addr;

/// An address of `https`, or of `http`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    encrypted: bool,
    /// `HOST` or `HOST:PORT`.
    authority: String,
    /// Path and query, beginning with `/`.
    path: String,
}

impl Url {
    /// The address of a registry, from a reference.
    pub(super) fn of_registry(registry: &str) -> Self {
        // The one registry whose name is not its address.
        let authority = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        Self { encrypted: true, authority: authority.to_owned(), path: "/".to_owned() }
    }

    /// Parses an absolute address. `None` if it has a user, a fragment, or anything that programs
    /// read in different ways.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (encrypted, rest) = match text.split_once("://")? {
            ("https", rest) => (true, rest),
            ("http", rest) => (false, rest),
            _ => return None,
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let slash = if path.starts_with('/') { "" } else { "/" };
        let url =
            Self { encrypted, authority: authority.to_owned(), path: format!("{slash}{path}") };
        let is_path = |b: u8| b.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&b);
        (is_authority(authority) && url.path.bytes().all(is_path)).then_some(url)
    }

    /// Where `Location: TEXT` in an answer from here leads.
    pub(super) fn follow(&self, location: &str) -> Option<Self> {
        if location.starts_with('/') && !location.starts_with("//") {
            let scheme = self.scheme();
            return Self::parse(&format!("{scheme}://{}{location}", self.authority));
        }
        Self::parse(location)
    }

    /// Another path of the same server.
    pub(super) fn with_path(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }

    /// The same address with this query added.
    pub(super) fn with_query(&self, pairs: &[(&str, &str)]) -> Self {
        let mut path = self.path.clone();
        for (name, value) in pairs {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&format!("{name}={}", percent_encoded(value)));
        }
        Self { path, ..self.clone() }
    }

    /// The address for messages: a query may hold what is nobody's business.
    pub(super) fn without_query(&self) -> Self {
        let (path, _) = self.path.split_once('?').unwrap_or((&self.path, ""));
        self.with_path(path)
    }

    /// The same address without encryption.
    pub(super) fn plain(&self) -> Self {
        Self { encrypted: false, ..self.clone() }
    }

    /// Whether a server that does not speak TLS may be spoken to all the same.
    pub(super) fn may_be_plain(&self) -> bool {
        self.encrypted && self.is_loopback()
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether it is on this machine: by name, or by an address for that.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.host();
        let is_address = host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback());
        host == "localhost" || host == "[::1]" || is_address
    }

    /// Whether this is the same server, spoken to in the same way.
    pub(super) fn has_origin_of(&self, other: &Self) -> bool {
        (self.encrypted, &self.authority) == (other.encrypted, &other.authority)
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.encrypted { "https" } else { "http" }
    }

    /// The host, an address of IP version 6 in brackets.
    pub(super) fn host(&self) -> &str {
        split_port(&self.authority).0
    }

    pub(super) fn port(&self) -> &str {
        let default = if self.encrypted { "443" } else { "80" };
        split_port(&self.authority).1.unwrap_or(default)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority, self.path)
    }
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    let end = authority.find(']').map_or(0, |bracket| bracket + 1);
    match authority[end..].split_once(':') {
        Some((rest, port)) => (&authority[..end + rest.len()], Some(port)),
        None => (authority, None),
    }
}

fn is_authority(text: &str) -> bool {
    let (host, port) = split_port(text);
    let is_host = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    let known_host = host == "[::1]" || (!host.is_empty() && host.bytes().all(is_host));
    let is_port =
        |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    known_host && port.is_none_or(is_port)
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_one_way_only() {
        for text in ["https://r.example/a?b=c", "http://127.0.0.1:5000/", "https://[::1]:5/x%20y"] {
            assert_eq!(Url::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Url::parse("https://r.example?a").unwrap().to_string(), "https://r.example/?a");
        for text in [
            "",
            "r.example/a",
            "ftp://r.example/",
            "HTTPS://r.example/",
            "https:///a",
            "https://127.0.0.1@r.example/",
            "https://r.example#@127.0.0.1/",
            "https://r.example/#a",
            "https://r.example\\@127.0.0.1/",
            "https://r.example /",
            "https://r.example/a b",
            "https://r.example/a\nb",
            "https://r.example:x/",
            "https://r.example:/",
            "file:///etc",
            "https://[::2]/",
            "https://r.example/{a,b}",
            "https://é.example/",
        ] {
            assert_eq!(Url::parse(text), None, "{text}");
        }
    }

    #[test]
    fn loopback_is_told_by_the_whole_host() {
        for (text, is_loopback) in [
            ("http://localhost/", true),
            ("http://localhost:5000/", true),
            ("http://127.0.0.1:80/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:5000/", true),
            ("http://localhost.example/", false),
            ("http://127.0.0.1.example/", false),
            ("http://128.0.0.1/", false),
            ("http://0.0.0.0/", false),
            ("http://127.1/", false),
        ] {
            assert_eq!(Url::parse(text).unwrap().is_loopback(), is_loopback, "{text}");
        }
    }

    #[test]
    fn a_redirect_leads_to_an_address_or_a_path() {
        let url = Url::parse("https://r.example:5/v2/a").unwrap();
        let leads = |location: &str| url.follow(location).map(|url| url.to_string());
        assert_eq!(leads("/b?c").as_deref(), Some("https://r.example:5/b?c"));
        assert_eq!(leads("http://o.example/b").as_deref(), Some("http://o.example/b"));
        for nowhere in ["//o.example/b", "b", "", "../b", "gopher://o.example/"] {
            assert_eq!(leads(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn a_query_is_added_and_left_out() {
        let url = Url::parse("https://r.example/token?a=b").unwrap();
        let url = url.with_query(&[("scope", "repository:a/b:pull"), ("service", "x&y z")]);
        let wanted =
            "https://r.example/token?a=b&scope=repository%3Aa%2Fb%3Apull&service=x%26y%20z";
        assert_eq!(url.to_string(), wanted);
        assert_eq!(url.without_query().to_string(), "https://r.example/token");
    }

    #[test]
    fn a_server_is_its_host_its_port_and_its_encryption() {
        let url = Url::of_registry("localhost:5000");
        assert!(url.may_be_plain() && !url.plain().may_be_plain());
        assert!(!Url::of_registry("registry.example").may_be_plain());
        assert!(url.has_origin_of(&url.with_path("/x")) && !url.has_origin_of(&url.plain()));
        assert!(!url.has_origin_of(&Url::of_registry("localhost:5001")));
        assert_eq!((url.host(), url.port()), ("localhost", "5000"));
        let six = Url::of_registry("[::1]");
        assert_eq!((six.host(), six.port(), six.plain().port()), ("[::1]", "443", "80"));
    }
}
