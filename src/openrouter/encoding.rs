//! Bodies that come compressed although each request asks for `identity`. They are named, not read.

use super::Header;

/// How a body is compressed, from its first bytes; `None` if it is readable or too short to tell. The `Content-Encoding`
/// header alone decides nothing: some proxies unpack a body and keep the header.
pub(super) fn compression(headers: &[Header], start: &[u8]) -> Option<String> {
    for (magic, name) in [(&b"\x1f\x8b"[..], "gzip"), (&b"\x28\xb5\x2f\xfd"[..], "zstd")] {
        if start.starts_with(magic) {
            return Some(name.to_owned());
        }
    }
    let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-encoding"))?;
    let name = header.value.trim().to_lowercase();
    let known = ["br", "deflate", "compress", "zstd", "gzip", "x-gzip"].contains(&name.as_str());
    let binary = |b: &u8| *b < b' ' && !b.is_ascii_whitespace();
    let unreadable = || match std::str::from_utf8(&start[..start.len().min(64)]) {
        Ok(text) => text.bytes().any(|b| binary(&b)),
        // A character may be cut at the end.
        Err(error) => error.error_len().is_some() || start.iter().take(64).any(binary),
    };
    (known && unreadable()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_decide_and_the_header_names_what_has_no_mark() {
        let with = |encoding: &str, start: &[u8]| {
            compression(&[Header { name: "Content-Encoding".into(), value: encoding.into() }], start)
        };
        assert_eq!(compression(&[], b"\x1f\x8b\x08").as_deref(), Some("gzip"));
        assert_eq!(compression(&[], b"\x28\xb5\x2f\xfd\x04").as_deref(), Some("zstd"));
        assert_eq!(with("br", b"\x0b\x02\x80{}").as_deref(), Some("br"));
        assert_eq!(with("deflate", b"\x78\x9c\xab\x56").as_deref(), Some("deflate"));
        // Unpacked already, or only a name.
        assert_eq!(with("gzip", b"{\"choices\":[]}"), None);
        assert_eq!(with("br", "data: {\"a\":\"世".as_bytes()), None);
        assert_eq!(with("br", &"data: {\"a\":\"世".as_bytes()[..13]), None);
        assert_eq!(with("identity", b"\x00\x01"), None);
        assert_eq!(compression(&[], b"data: x"), None);
    }
}
