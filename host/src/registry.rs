//! Fetches a policy from an OCI registry. `paude policy pull` alone does this; no run ever does.
//!
//! The program `curl` makes the requests, one each, so that its proxies and certificates are the
//! user's. Where a request may lead is decided here: curl follows no redirect.

mod auth;
mod credentials;
mod curl;
mod helper;
mod manifest;
mod url;

use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::escape::brief;
use crate::value::{OciReference, Sha256};
use auth::{Authorization, Challenge};
use curl::{CurlFailure, HttpRequest, HttpResponse};
use manifest::Layer;
use url::Url;

/// Bytes of a manifest; registries accept no larger ones.
const MANIFEST_BYTES: u64 = 4 << 20;
/// Bytes of a token with what comes with it.
const TOKEN_BYTES: u64 = 1 << 20;
/// How often one request may be redirected.
const MAX_REDIRECTS: usize = 5;

/// A component that was fetched. Its content is what its digest says.
#[derive(Debug)]
pub(crate) struct Pulled {
    pub(crate) component: Vec<u8>,
    /// The digest of the manifest that named it.
    pub(crate) manifest: Sha256,
}

/// The limits of a pull.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PullLimits {
    /// Bytes of the component.
    pub(crate) bytes: u64,
    /// Wall time of all requests together.
    pub(crate) time: Duration,
}

/// Fetches the component that a reference names. Fails if it has another SHA-256 than the pin, if
/// there is one, before it is fetched.
pub(crate) fn pull(
    reference: &OciReference,
    pin: Option<Sha256>,
    limits: PullLimits,
) -> Result<Pulled> {
    let mut client = RegistryClient::new(reference, limits.time);
    let path = format!("manifests/{}", reference.version());
    let manifest = client.get(&path, manifest::MEDIA_TYPE, MANIFEST_BYTES)?;
    let digest = Sha256::of(&manifest);
    if reference.digest().is_some_and(|wanted| wanted != digest) {
        let registry = reference.registry();
        return Err(Error::failed(format!(
            "registry `{registry}` sent another manifest than `{reference}`: its sha256 is {digest}"
        )));
    }
    let layer = Layer::only(&manifest, reference, limits.bytes)?;
    if let Some(pin) = pin.filter(|pin| *pin != layer.sha256) {
        let found = layer.sha256;
        return Err(Error::failed(format!(
            "`{reference}` is not what was asked for: its sha256 is {found}, not {pin}"
        ))
        .hint("the registry has replaced it; if the new one is the right one, change the pin"));
    }
    let path = format!("blobs/sha256:{}", layer.sha256);
    let component = client.get(&path, "*/*", layer.bytes)?;
    let found = Sha256::of(&component);
    if found != layer.sha256 {
        return Err(Error::failed(format!(
            "registry `{}` sent something else than `{reference}`: its sha256 is {found}, not {}",
            reference.registry(),
            layer.sha256
        )));
    }
    Ok(Pulled { component, manifest: digest })
}

/// The requests of one pull.
struct RegistryClient<'r> {
    reference: &'r OciReference,
    /// The registry itself.
    base: Url,
    authorization: Option<Authorization>,
    /// Whether the user has a login for this registry, as far as was needed.
    has_login: bool,
    deadline: Deadline,
}

impl<'r> RegistryClient<'r> {
    fn new(reference: &'r OciReference, time: Duration) -> Self {
        let base = Url::of_registry(reference.registry());
        let deadline = Deadline::after(time);
        Self { reference, base, authorization: None, has_login: false, deadline }
    }

    /// Fetches something of the reference's name.
    fn get(&mut self, path: &str, accept: &str, limit: u64) -> Result<Vec<u8>> {
        let path = format!("/v2/{}/{path}", self.reference.name());
        let mut url = self.base.with_path(&path);
        let mut asked_to_authorize = false;
        let mut redirects = 0;
        loop {
            let is_own = url.has_origin_of(&self.base);
            // Nobody but the registry gets what it is to be trusted with.
            let authorization = self.authorization.as_ref().filter(|_| is_own);
            let request = HttpRequest { url: &url, accept, authorization, limit };
            let response = match curl::get(&request, self.deadline) {
                // Only here: a registry elsewhere always has to prove who it is.
                Err(CurlFailure::NoTls(_)) if is_own && self.base.may_be_plain() => {
                    self.base = self.base.plain();
                    url = self.base.with_path(&path);
                    continue;
                }
                response => response.map_err(|failure| failure.into_error(&url))?,
            };
            match response.status {
                200 => return Ok(response.body),
                401 if is_own && !asked_to_authorize => {
                    asked_to_authorize = true;
                    self.authorize(&response)?;
                }
                301 | 302 | 303 | 307 | 308 => {
                    redirects += 1;
                    url = self.follow(&url, &response, redirects)?;
                }
                status => return Err(self.refused(status, &url)),
            }
        }
    }

    /// Where a redirect leads. Fails unless it is encrypted, or stays on this machine.
    fn follow(&self, url: &Url, response: &HttpResponse, redirects: usize) -> Result<Url> {
        if redirects > MAX_REDIRECTS {
            let registry = self.reference.registry();
            let what = format!("registry `{registry}` redirects more than {MAX_REDIRECTS} times");
            return Err(Error::failed(what));
        }
        let location = response.header("location").unwrap_or_default();
        let next = url.follow(location).ok_or_else(|| {
            let location = brief(location);
            let url = url.without_query();
            Error::failed(format!("`{url}` redirects to `{location}`, which is no address"))
        })?;
        self.check_encrypted(&next, "redirects to")?;
        Ok(next)
    }

    /// Fails if the registry leads to a place that is neither encrypted nor on its own machine,
    /// which is this one.
    fn check_encrypted(&self, url: &Url, how: &str) -> Result<()> {
        if url.is_encrypted() || (url.is_loopback() && self.base.is_loopback()) {
            return Ok(());
        }
        let (registry, url) = (self.reference.registry(), url.without_query());
        Err(Error::failed(format!("registry `{registry}` {how} `{url}`, which is not encrypted"))
            .hint("nothing was sent there; this is for the registry's operator to correct"))
    }

    /// Gets what the registry asks for, for the requests that follow.
    fn authorize(&mut self, response: &HttpResponse) -> Result<()> {
        let registry = self.reference.registry();
        let login = credentials::find(self.reference, self.deadline)?;
        self.has_login = login.is_some();
        let challenge = Challenge::of(response.all("www-authenticate")).ok_or_else(|| {
            Error::failed(format!("registry `{registry}` asks for a login of an unknown kind"))
        })?;
        self.authorization = Some(match challenge {
            Challenge::Basic => login.ok_or_else(|| self.refused(401, &self.base))?,
            Challenge::Bearer(service) => {
                let url = service.url(self.reference.name()).ok_or_else(|| {
                    let what = "names no address to get a token from";
                    Error::failed(format!("registry `{registry}` {what}"))
                })?;
                self.check_encrypted(&url, "wants the login sent to")?;
                self.get_token(&url, login.as_ref())?
            }
        });
        Ok(())
    }

    /// Gets a token, in exchange for the login if there is one.
    fn get_token(&self, url: &Url, login: Option<&Authorization>) -> Result<Authorization> {
        let (accept, limit) = ("application/json", TOKEN_BYTES);
        let request = HttpRequest { url, accept, authorization: login, limit };
        let response =
            curl::get(&request, self.deadline).map_err(|failure| failure.into_error(url))?;
        match response.status {
            200 => Authorization::from_token(&response.body)
                .ok_or_else(|| Error::failed(format!("`{}` sent no token", url.without_query()))),
            status => Err(self.refused(status, url)),
        }
    }

    /// The error of a request that was answered with this status.
    fn refused(&self, status: u16, url: &Url) -> Error {
        let (reference, registry) = (self.reference, self.reference.registry());
        match status {
            401 | 403 => Error::failed(match self.has_login {
                false => format!("registry `{registry}` wants a login for `{reference}`"),
                true => format!("registry `{registry}` does not let you pull `{reference}`"),
            })
            .hint(format!("podman login {registry}, or docker login {registry}")),
            404 => Error::failed(format!("registry `{registry}` has no `{reference}`")),
            429 => Error::failed(format!("registry `{registry}` answers no more requests for now"))
                .hint("try again later, or log in"),
            _ => Error::failed(format!("`{}` answered with status {status}", url.without_query())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_lead_to(registry: &str, address: &str) -> bool {
        let reference = format!("{registry}/a:1").parse().unwrap();
        let client = RegistryClient::new(&reference, Duration::from_secs(9));
        client.check_encrypted(&Url::parse(address).unwrap(), "redirects to").is_ok()
    }

    #[test]
    fn a_registry_leads_to_what_is_encrypted_or_on_its_own_machine() {
        assert!(may_lead_to("registry.example", "https://storage.example/x"));
        assert!(!may_lead_to("registry.example", "http://storage.example/x"));
        assert!(!may_lead_to("registry.example", "http://registry.example/x"));
        // A service of this machine that trusts whoever reaches it.
        assert!(!may_lead_to("registry.example", "http://127.0.0.1:8080/x"));
        assert!(may_lead_to("127.0.0.1:5000", "http://127.0.0.1:8080/x"));
        assert!(may_lead_to("localhost:5000", "http://[::1]/x"));
        assert!(!may_lead_to("localhost:5000", "http://storage.example/x"));
    }
}
