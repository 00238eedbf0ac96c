//! What a registry asks for before it answers, and what is sent to it then.

use serde::Deserialize;

use super::url::Url;

/// What goes with a request.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Authorization {
    /// A token of the registry.
    Bearer(String),
    /// Name and password, joined and encoded as files of settings have them.
    Encoded(String),
    /// Name and password.
    Login { name: String, password: String },
}

impl Authorization {
    /// The token in an answer. `None` if there is none that a header can hold.
    pub(super) fn from_token(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Token {
            token: Option<String>,
            access_token: Option<String>,
        }
        let answer: Token = serde_json::from_slice(body).ok()?;
        let token = answer.token.or(answer.access_token)?;
        let is_plain = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
        is_plain.then_some(Self::Bearer(token))
    }
}

/// How a registry wants to be authorized.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// By name and password.
    Basic,
    /// By a token of this service.
    Bearer(TokenService),
}

/// What gives tokens for a registry.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TokenService {
    realm: String,
    service: String,
}

impl TokenService {
    /// The address of a token that lets its owner pull this name, and do nothing else.
    pub(super) fn url(&self, name: &str) -> Option<Url> {
        let scope = format!("repository:{name}:pull");
        let service = Some(("service", self.service.as_str())).filter(|_| !self.service.is_empty());
        let pairs: Vec<_> = service.into_iter().chain([("scope", scope.as_str())]).collect();
        Some(Url::parse(&self.realm)?.with_query(&pairs))
    }
}

impl Challenge {
    /// What an answer with these headers asks for; a token rather than a password.
    pub(super) fn of<'h>(headers: impl Iterator<Item = &'h str>) -> Option<Self> {
        let all: Vec<_> = headers.filter_map(Self::parse).collect();
        let is_bearer = |challenge: &Self| matches!(challenge, Self::Bearer(_));
        let at = all.iter().position(is_bearer).unwrap_or(0);
        all.into_iter().nth(at)
    }

    fn parse(header: &str) -> Option<Self> {
        let (scheme, parameters) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut service = TokenService::default();
        let mut rest = parameters.trim();
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find(',').unwrap_or(after.len())),
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "realm" => value.clone_into(&mut service.realm),
                "service" => value.clone_into(&mut service.service),
                _ => {}
            }
            rest = after.trim_start().trim_start_matches(',').trim_start();
        }
        Some(Self::Bearer(service))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: &str) -> Option<Challenge> {
        let (realm, service) = (realm.to_owned(), service.to_owned());
        Some(Challenge::Bearer(TokenService { realm, service }))
    }

    #[test]
    fn challenges_are_read() {
        for (header, wanted) in [
            ("Basic realm=\"x\"", Some(Challenge::Basic)),
            ("basic", Some(Challenge::Basic)),
            ("Negotiate", None),
            ("", None),
            (
                "Bearer realm=\"https://a.example/token\",service=\"r\",scope=\"a,b:push\"",
                bearer("https://a.example/token", "r"),
            ),
            (
                "bearer Scope=\"x=y\" , service=r,  Realm=\"https://a.example/\"",
                bearer("https://a.example/", "r"),
            ),
            ("Bearer", bearer("", "")),
            ("Bearer realm=\"unfinished", None),
        ] {
            assert_eq!(Challenge::parse(header), wanted, "{header}");
        }
    }

    /// Whatever the registry asks for, the token is for this name alone, and for reading.
    #[test]
    fn the_scope_is_chosen_here() {
        let header = "Bearer realm=\"https://a.example/t?x\",service=\"r\",scope=\"registry:*:*\"";
        let Some(Challenge::Bearer(service)) = Challenge::parse(header) else { panic!() };
        let wanted = "https://a.example/t?x&service=r&scope=repository%3Ateam%2Fp%3Apull";
        assert_eq!(service.url("team/p").unwrap().to_string(), wanted);
        assert!(TokenService::default().url("a").is_none());
        let Some(Challenge::Bearer(service)) =
            Challenge::parse("Bearer realm=\"https://a.example\"")
        else {
            panic!()
        };
        let wanted = "https://a.example/?scope=repository%3Aa%3Apull";
        assert_eq!(service.url("a").unwrap().to_string(), wanted);
    }

    #[test]
    fn a_token_is_asked_for_rather_than_a_password() {
        let token = "Bearer realm=\"https://a.example/\"";
        let of = |headers: &[&str]| Challenge::of(headers.iter().copied());
        assert_eq!(of(&["Negotiate", "Basic", token]), bearer("https://a.example/", ""));
        assert_eq!(of(&[token, "Basic"]), bearer("https://a.example/", ""));
        assert_eq!(of(&["Negotiate", "Basic"]), Some(Challenge::Basic));
        assert_eq!(of(&["Negotiate"]), None);
    }

    #[test]
    fn a_token_is_one_word() {
        let token = |text: &str| match Authorization::from_token(text.as_bytes()) {
            Some(Authorization::Bearer(token)) => Some(token),
            _ => None,
        };
        assert_eq!(token(r#"{"token": "a.b-c", "expires_in": 9}"#).as_deref(), Some("a.b-c"));
        assert_eq!(token(r#"{"access_token": "x"}"#).as_deref(), Some("x"));
        for text in
            [r#"{"token": "a\r\nHost: b"}"#, r#"{"token": ""}"#, "{}", "", r#"{"token": 1}"#]
        {
            assert_eq!(token(text), None, "{text}");
        }
    }
}
