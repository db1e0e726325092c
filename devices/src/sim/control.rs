//! The control port of simulated devices, over HTTP: a page for people, and a word an address for scripts.
//!
//! `GET /` is the page: what the device shows, its faults as buttons, and its other words. `POST /WORD` tells it a word, with
//! the rest in the body as plain text or as a form: `slow 5s` to `/fault`. `GET /WORD` asks for what is shown. Answers are
//! JSON, `{"ok": …}` or `{"error": a sentence}`; only `GET /picture` is an image: what came out of the device last.
//!
//! Must never: listen for others than this machine, because whoever reaches it may do anything with the device.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fault::{self, Fault};
use crate::http::{self, Read, Request};

/// A browser sends less than a kilobyte; a request that is longer is refused.
const REQUEST_BYTES_MAX: usize = 8192;
/// From the first byte of a request to the last of its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// People and scripts that control one device at once.
const CONTROLLERS_MAX: usize = 8;
/// After a word a browser goes back to the page.
const SEE_PAGE: &str = "303 See Other";

/// A device that can be told what goes wrong, and asked what it has done.
pub trait Controlled: Clone + Send + Sync + 'static {
    /// The words that it knows, for people: `fault WORD, put KILOGRAMS, stable or unstable`.
    const WORDS: &'static str;
    /// Those that only tell what it has done or what came out of it.
    const SHOWN: &'static [&'static str] = &[];
    /// Faults that mean something to it, beside `none`.
    const FAULTS: &'static [&'static str] = &[];

    /// None: the word is not known.
    fn obey(&self, word: &str, rest: &str) -> Option<Result<Value, String>>;

    /// What came out of it last, as SVG.
    fn picture(&self) -> Option<String> {
        None
    }
}

/// Listen for requests; returns the address and the work, which ends only with an error.
pub async fn listen(
    device: impl Controlled,
    address: SocketAddr,
) -> io::Result<(SocketAddr, impl Future<Output = io::Error> + Send)> {
    if !address.ip().is_loopback() {
        let text = format!("{address} is open to others, and control has no password: use 127.0.0.1");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    let work = async move {
        let mut controllers = JoinSet::new();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    while controllers.try_join_next().is_some() {}
                    if controllers.len() < CONTROLLERS_MAX {
                        controllers.spawn(timeout(REQUEST_TIMEOUT, serve(device.clone(), stream)));
                    }
                }
                Err(error) => return error,
            }
        }
    };
    Ok((bound, work))
}

/// Set something that is read from a word.
pub(super) fn set<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: &str,
    set: impl FnOnce(T),
) -> Result<Value, String> {
    set(text.parse::<T>().map_err(|error| error.to_string())?);
    Ok(Value::Null)
}

/// Set a fault that the device knows.
pub(super) fn set_fault<D: Controlled>(text: &str, set: impl FnOnce(Fault)) -> Result<Value, String> {
    set(Fault::of(text, D::FAULTS).map_err(|error| error.to_string())?);
    Ok(Value::Null)
}

/// One request and its answer; then the connection is closed.
async fn serve<D: Controlled>(device: D, mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    let answer = loop {
        let room = (REQUEST_BYTES_MAX - bytes.len()) as u64;
        if (&mut stream).take(room).read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        match http::read_request(&bytes, REQUEST_BYTES_MAX) {
            Read::Whole(request) => break answer(&device, &request),
            Read::Part if bytes.len() < REQUEST_BYTES_MAX => {}
            Read::Part | Read::Noise => break refusal("400 Bad Request", "the request cannot be read"),
        }
    };
    stream.write_all(&answer.bytes()).await?;
    stream.shutdown().await
}

struct Answer {
    status: &'static str,
    content_type: &'static str,
    body: String,
}

impl Answer {
    fn json(status: &'static str, value: &Value) -> Answer {
        Answer { status, content_type: "application/json", body: format!("{value}\n") }
    }

    fn bytes(&self) -> Vec<u8> {
        let Answer { status, content_type, body } = self;
        let location = if *status == SEE_PAGE { "Location: /\r\n" } else { "" };
        let mut bytes = Vec::new();
        http::put_response(status, content_type, location, body.as_bytes(), &mut bytes);
        bytes
    }
}

fn refusal(status: &'static str, text: &str) -> Answer {
    Answer::json(status, &json!({ "error": text }))
}

fn answer<D: Controlled>(device: &D, request: &Request<'_>) -> Answer {
    let word = request.path.trim_start_matches('/');
    let status = match request.method {
        "GET" if word.is_empty() => {
            return Answer { status: "200 OK", content_type: "text/html; charset=utf-8", body: page(device) };
        }
        "GET" if word == "picture" => {
            return match device.picture() {
                Some(body) => Answer { status: "200 OK", content_type: "image/svg+xml", body },
                None => refusal("404 Not Found", "nothing came out of it yet"),
            };
        }
        "GET" if D::SHOWN.contains(&word) => "200 OK",
        "POST" => SEE_PAGE,
        _ => return refusal("405 Method Not Allowed", "GET shows, POST tells"),
    };
    match device.obey(word, &rest(&String::from_utf8_lossy(request.body))) {
        Some(Ok(value)) => Answer::json(status, &json!({ "ok": value })),
        Some(Err(problem)) => refusal("400 Bad Request", &problem),
        None => refusal("404 Not Found", &format!("\"{word}\" is not a command: {} is expected", D::WORDS)),
    }
}

/// Of the text `slow 5s`, or of the form `fault=slow&value=5s`.
fn rest(body: &str) -> String {
    if !body.contains('=') {
        return body.trim().to_owned();
    }
    let values = form_urlencoded::parse(body.as_bytes()).map(|(_, value)| value);
    values.collect::<Vec<_>>().join(" ")
}

fn page<D: Controlled>(device: &D) -> String {
    let faults = ["none"].iter().chain(D::FAULTS).map(|word| fault_form(word));
    let faults = if D::FAULTS.is_empty() { String::new() } else { faults.collect() };
    let words = D::WORDS.split(", ").flat_map(|words| words.split(" or "));
    let is_other = |word: &&str| (D::FAULTS.is_empty() || !word.starts_with("fault ")) && !D::SHOWN.contains(word);
    let words = words.filter(is_other).map(word_form).collect::<String>();
    let shown = D::SHOWN.iter().map(|word| {
        let value = device.obey(word, "").and_then(Result::ok).unwrap_or_default();
        format!("<h2>{word}</h2>\n<pre id={word}>{}</pre>\n", escaped(&format!("{value:#}")))
    });
    let picture = if device.picture().is_some() { "<p><img src=/picture alt=\"what came out last\">\n" } else { "" };
    format!(
        "<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\n\
         <title>Simulated device</title>\n<style>{STYLE}</style>\n<h1>Simulated device</h1>\n<h2>faults</h2>\n\
         {faults}<h2>words</h2>\n{words}{picture}{}<script>{SCRIPT}</script>\n</html>\n",
        shown.collect::<String>(),
    )
}

const STYLE: &str = "body{font:16px sans-serif;margin:1em;max-width:60em}form{display:inline-block;margin:.2em}\
                     pre{background:#f4f4f4;padding:.5em;overflow:auto;max-height:30em}";
/// What is shown follows the device; the forms stay as they are being filled in.
const SCRIPT: &str = "setInterval(()=>document.querySelectorAll('pre').forEach(async shown=>{\
                      const answer=await(await fetch('/'+shown.id)).json();\
                      shown.textContent=JSON.stringify(answer.ok,null,2)}),1000)";

/// The button of a fault, with the field of what belongs to it.
fn fault_form(word: &str) -> String {
    let value = match word {
        "slow" => " <input name=value aria-label=time value=5s size=5>",
        "loses" => " <input name=value aria-label=count value=7 size=5>",
        "refuse" => " <input name=value aria-label=code value=05 size=5>",
        _ => "",
    };
    let title = fault::with_value(word);
    let button = format!("<button name=fault value={word} title=\"{title}\">{word}</button>");
    format!("<form method=post action=/fault>{button}{value}</form>\n")
}

/// The button of a word, with a field for each value that it takes.
fn word_form(word: &str) -> String {
    let (word, values) = word.split_once(' ').unwrap_or((word, ""));
    let value = |what| format!(" <input name=value aria-label={what} placeholder={what} size=10>");
    let values = values.split_whitespace().map(value).collect::<String>();
    format!("<form method=post action=/{word}><button>{word}</button>{values}</form>\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
