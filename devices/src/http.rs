//! HTTP/1.1 as bytes, for devices that speak it and for control ports: messages from bytes and bytes from messages. Pure.
//!
//! Only as much as they need: one request a connection, a body whose length is named, that comes in chunks, or that ends with
//! the connection.
//!
//! Must never: let the other side choose how much is kept. A head or a body beyond its limit is noise.

use std::borrow::Cow;

/// The longest first line and headers that are read.
pub const HEAD_BYTES_MAX: usize = 8192;
const HEADERS_MAX: usize = 64;

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read<T> {
    Whole(T),
    /// More bytes are needed.
    Part,
    /// This can never become a message.
    Noise,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub body: &'a [u8],
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    pub status: u16,
    pub body: Cow<'a, [u8]>,
}

/// How the length of a body is told.
enum Length {
    Named(usize),
    Chunks,
    ToTheEnd,
}

/// Read a request. One without a length has no body.
pub fn read_request(bytes: &[u8], body_bytes_max: usize) -> Read<Request<'_>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Request::new(&mut headers);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES_MAX => return Read::Part,
        _ => return Read::Noise,
    };
    let (Some(method), Some(path)) = (head.method, head.path) else { return Read::Noise };
    let body = match length_of_body(head.headers) {
        Some(Length::Named(body)) => body,
        Some(Length::ToTheEnd) => 0,
        Some(Length::Chunks) | None => return Read::Noise,
    };
    if body > body_bytes_max {
        return Read::Noise;
    }
    match bytes.get(length..length + body) {
        Some(body) => Read::Whole(Request { method, path, body }),
        None => Read::Part,
    }
}

/// Read a response; `is_ended` when the other side has closed the connection.
pub fn read_response(bytes: &[u8], is_ended: bool, body_bytes_max: usize) -> Read<Response<'_>> {
    let mut bytes = bytes;
    let part = if is_ended { Read::Noise } else { Read::Part };
    loop {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Response::new(&mut headers);
        let length = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES_MAX => return part,
            _ => return Read::Noise,
        };
        let Some(status) = head.code else { return Read::Noise };
        let rest = &bytes[length..];
        if (100..200).contains(&status) {
            // Only says that the answer itself follows.
            bytes = rest;
            continue;
        }
        let body = match length_of_body(head.headers) {
            _ if matches!(status, 204 | 304) => Some(Cow::Borrowed(&rest[..0])),
            Some(Length::Named(length)) if length <= body_bytes_max => rest.get(..length).map(Cow::Borrowed),
            Some(Length::Chunks) => match read_chunks(rest, body_bytes_max) {
                Read::Whole(body) => Some(Cow::Owned(body)),
                Read::Part => None,
                Read::Noise => return Read::Noise,
            },
            Some(Length::ToTheEnd) if rest.len() <= body_bytes_max => is_ended.then_some(Cow::Borrowed(rest)),
            _ => return Read::Noise,
        };
        return match body {
            Some(body) => Read::Whole(Response { status, body }),
            // Chunks may be so small that their heads are most of what comes.
            None if rest.len() > body_bytes_max => Read::Noise,
            None => part,
        };
    }
}

/// None: the headers contradict themselves.
fn length_of_body(headers: &[httparse::Header<'_>]) -> Option<Length> {
    let mut length = Length::ToTheEnd;
    for header in headers {
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            let is_chunks = header.value.trim_ascii().eq_ignore_ascii_case(b"chunked");
            return is_chunks.then_some(Length::Chunks);
        }
        if header.name.eq_ignore_ascii_case("content-length") {
            length = Length::Named(std::str::from_utf8(header.value).ok()?.trim().parse().ok()?);
        }
    }
    Some(length)
}

fn read_chunks(bytes: &[u8], body_bytes_max: usize) -> Read<Vec<u8>> {
    let mut body = Vec::new();
    let mut rest = bytes;
    loop {
        let (head, length) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((head, length))) => (head, length),
            Ok(httparse::Status::Partial) => return Read::Part,
            Err(_) => return Read::Noise,
        };
        if length == 0 {
            return Read::Whole(body);
        }
        let length = match usize::try_from(length) {
            Ok(length) if length <= body_bytes_max - body.len() => length,
            _ => return Read::Noise,
        };
        let end = head + length;
        match rest.get(head..end + 2) {
            Some([chunk @ .., b'\r', b'\n']) => body.extend_from_slice(chunk),
            Some(_) => return Read::Noise,
            None => return Read::Part,
        }
        rest = &rest[end + 2..];
    }
}

/// A request of a device that is not named by its address, because the line may be no network at all.
pub(crate) fn put_request(method: &str, path: &str, body: &[u8], out: &mut Vec<u8>) {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: device\r\nContent-Type: application/json; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(body);
}

/// A response, with more headers if there are any, each with its line end.
pub(crate) fn put_response(status: &str, content_type: &str, more: &str, body: &[u8], out: &mut Vec<u8>) {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         {more}Connection: close\r\n\r\n",
        body.len()
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &str, is_ended: bool) -> String {
        match read_response(bytes.as_bytes(), is_ended, 16) {
            Read::Whole(Response { status, body }) => format!("{status} {}", String::from_utf8_lossy(&body)),
            Read::Part => "part".to_owned(),
            Read::Noise => "noise".to_owned(),
        }
    }

    #[test]
    fn responses_are_read_whatever_tells_their_length() {
        for (bytes, is_ended, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", false, "200 {}"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", false, "part"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", true, "noise"),
            ("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n", false, "201 "),
            ("HTTP/1.1 204 No Content\r\n\r\n", false, "204 "),
            ("HTTP/1.1 200 OK\r\n\r\n{}", false, "part"),
            ("HTTP/1.1 200 OK\r\n\r\n{}", true, "200 {}"),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 409 Conflict\r\nContent-Length: 1\r\n\r\nx", false, "409 x"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;a=b\r\n}\r\n0\r\n\r\n", false, "200 {}"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1", false, "part"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n", false, "noise"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n", false, "noise"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false, "noise"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n", false, "noise"),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", false, "noise"),
            ("HTTP/1.1 200 OK\r\n\r\n01234567890123456", true, "noise"),
            ("HTTP/1.1 20", false, "part"),
            ("HTTP/1.1 20", true, "noise"),
            ("\u{1}HTTP/1.1 200 OK\r\n\r\n", false, "noise"),
            ("SSH-2.0\r\n", false, "noise"),
        ] {
            assert_eq!(told(bytes, is_ended), expected, "{bytes}");
        }
        let long = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(HEAD_BYTES_MAX));
        assert_eq!(told(&long, false), "noise");
    }

    #[test]
    fn a_request_is_read_back_as_it_was_written() {
        let mut bytes = Vec::new();
        put_request("POST", "/fault", b"offline", &mut bytes);
        let request = Request { method: "POST", path: "/fault", body: b"offline" };
        assert_eq!(read_request(&bytes, 7), Read::Whole(request));
        assert_eq!(read_request(&bytes[..bytes.len() - 1], 7), Read::Part);
        assert_eq!(read_request(&bytes, 6), Read::Noise);
    }
}
