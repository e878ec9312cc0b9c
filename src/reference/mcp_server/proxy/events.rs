//! An event stream (WHATWG HTML §9.2) as it comes in pieces: read within bounds, and written again.
//!
//! An event that was not ended is none. It knows no message.

use std::collections::VecDeque;

/// The largest event, in bytes.
const MAX_EVENT: usize = 4 << 20;

/// Something of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A line of a comment, which keeps the connection alive.
    Comment,
    /// An event, or a block that only sets the id or the time to wait.
    Block { id: Option<String>, retry: Option<String>, kind: Option<String>, data: Option<String> },
}

/// The stream is none: it is no UTF-8, or an event is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Reads one stream.
#[derive(Debug, Default)]
pub(super) struct Reader {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed now ends no further line.
    after_return: bool,
    begun: bool,
    block: Block,
    size: usize,
}

#[derive(Debug, Default)]
struct Block {
    id: Option<String>,
    retry: Option<String>,
    kind: Option<String>,
    data: Option<String>,
}

impl Reader {
    /// Reads a piece; whole events go to `into`.
    pub(super) fn read(&mut self, piece: &[u8], into: &mut VecDeque<Event>) -> Result<(), Unreadable> {
        let mut rest = piece;
        while let Some((first, after)) = rest.split_first() {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                rest = after;
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (text, ended) = rest.split_at(end.unwrap_or(rest.len()));
            self.size += text.len();
            if self.size > MAX_EVENT {
                return Err(Unreadable);
            }
            self.line.extend_from_slice(text);
            let Some((terminator, after)) = ended.split_first() else { break };
            self.after_return = *terminator == b'\r';
            rest = after;
            self.end_line(into)?;
        }
        Ok(())
    }

    fn end_line(&mut self, into: &mut VecDeque<Event>) -> Result<(), Unreadable> {
        let line = String::from_utf8(std::mem::take(&mut self.line)).map_err(|_| Unreadable)?;
        let line = if std::mem::replace(&mut self.begun, true) {
            line.as_str()
        } else {
            line.strip_prefix('\u{feff}').unwrap_or(&line)
        };
        if line.is_empty() {
            self.size = 0;
            let Block { id, retry, kind, data } = std::mem::take(&mut self.block);
            if id.is_some() || retry.is_some() || data.is_some() {
                into.push_back(Event::Block { id, retry, kind, data });
            }
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => into.push_back(Event::Comment),
            "data" => match &mut self.block.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                data => *data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => self.block.id = Some(value.to_owned()),
            "event" => self.block.kind = Some(value.to_owned()),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.block.retry = Some(value.to_owned());
            }
            _ => {}
        }
        Ok(())
    }
}

impl Event {
    /// An event of JSON.
    pub(super) fn of(data: String) -> Self {
        Self::Block { id: None, retry: None, kind: None, data: Some(data) }
    }

    /// The event as it goes over the wire.
    pub(super) fn written(&self) -> String {
        let Self::Block { id, retry, kind, data } = self else { return ":\n\n".to_owned() };
        let mut written = String::new();
        let mut line = |field: &str, value: &str| {
            written.extend([field, ": ", value, "\n"]);
        };
        if let Some(kind) = kind {
            line("event", kind);
        }
        if let Some(id) = id {
            line("id", id);
        }
        if let Some(retry) = retry {
            line("retry", retry);
        }
        for part in data.iter().flat_map(|data| data.split('\n')) {
            line("data", part);
        }
        written.push('\n');
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Result<Vec<Event>, Unreadable> {
        let (mut reader, mut events) = (Reader::default(), VecDeque::new());
        for piece in pieces {
            reader.read(piece, &mut events)?;
        }
        Ok(events.into())
    }

    fn event(data: &str) -> Event {
        Event::of(data.to_owned())
    }

    #[test]
    fn events_are_the_same_however_the_stream_is_cut() {
        let text = "\u{feff}: hello\r\nid: 1/0\r\nretry: 3000\r\ndata: \r\n\r\ndata: {\"a\":\rdata:  1}\r\revent: message\nid: 2\ndata:é\n\nunknown: x\nretry: x\n\n\ndata: cut";
        let expected = vec![
            Event::Comment,
            Event::Block {
                id: Some("1/0".into()),
                retry: Some("3000".into()),
                kind: None,
                data: Some(String::new()),
            },
            event("{\"a\":\n 1}"),
            Event::Block {
                id: Some("2".into()),
                retry: None,
                kind: Some("message".into()),
                data: Some("é".into()),
            },
        ];
        assert_eq!(read(&[text.as_bytes()]), Ok(expected.clone()));
        let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(read(&single), Ok(expected.clone()));
        for at in 0..text.len() {
            let (before, after) = text.as_bytes().split_at(at);
            assert_eq!(read(&[before, after]), Ok(expected.clone()), "cut at {at}");
        }
    }

    #[test]
    fn what_was_written_reads_the_same() {
        let events = [
            event("{}"),
            event("two\nlines"),
            Event::Block {
                id: Some("7".into()),
                retry: Some("1".into()),
                kind: Some("message".into()),
                data: None,
            },
        ];
        for event in events {
            assert_eq!(read(&[event.written().as_bytes()]), Ok(vec![event]));
        }
    }

    #[test]
    fn large_events_and_other_bytes_are_refused() {
        assert_eq!(read(&[b"data: \xff\n\n"]), Err(Unreadable));
        let part = vec![b'x'; 1 << 20];
        let pieces = [b"data: ", &part[..], &part, &part, &part];
        assert_eq!(read(&pieces), Err(Unreadable));
        let lines: Vec<u8> = b"data: xxxxxxxx\n".repeat(400_000);
        assert_eq!(read(&[&lines]), Err(Unreadable));
    }
}
