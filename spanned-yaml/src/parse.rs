//! From text to tree, within limits.
//!
//! Duplicate keys are reported here, all of them up to a limit. An alias is a copy: it counts against the limits
//! of nodes and depth each time, as does what is kept for an anchor, so that an exploding document stops early. Tags other than the core schema's are refused: they would change
//! what a value means behind the reader's back. Merge keys (`<<`) have no special meaning (YAML 1.2).

mod surrogates;

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span as ParserSpan};

use self::surrogates::Pairs;
use crate::{Diagnostics, Entry, Node, Scalar, Source, Span, Value, source::ReadError};

/// How much a document may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of nesting.
    pub depth: usize,
    /// Nodes, copies through aliases included; in a copy, long texts count as several.
    pub nodes: usize,
    /// Documents in a stream.
    pub documents: usize,
    /// Duplicate keys that are reported before the parser gives up.
    pub duplicates: usize,
}

impl Default for Limits {
    /// 64 levels, 500,000 nodes, 10,000 documents, 100 duplicate keys.
    fn default() -> Self {
        Self { depth: 64, nodes: 500_000, documents: 10_000, duplicates: 100 }
    }
}

/// Parses a file of exactly one document. Every mistake is in `diagnostics`; the tree is there as far as it
/// makes sense, and absent for a syntax error or an empty file.
pub fn parse(diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut documents = parse_documents(diagnostics, Limits::default());
    if let Some(second) = documents.get(1) {
        diagnostics
            .error(second.span, "a second document")
            .help("one file holds one document here: remove `---`");
    }
    if documents.is_empty() {
        if !diagnostics.has_errors() {
            diagnostics.error(Span::default(), "the file is empty");
        }
        return None;
    }
    Some(documents.swap_remove(0))
}

/// Parses a stream of documents. Empty documents are left out.
pub fn parse_documents(diagnostics: &mut Diagnostics, limits: Limits) -> Vec<Node> {
    let source = diagnostics.source().clone();
    let mut loader = Loader::new(source.text(), limits, diagnostics);
    if let Err(stop) = loader.run() {
        match stop {
            Stop::Syntax(error) => {
                let mut at = loader.offset(*error.marker());
                if error.info().contains("tab") {
                    at = tab(source.text(), at);
                }
                let found = loader.diagnostics.error(Span { start: at, end: at }, error.info());
                if source.text().get(..at).is_some_and(|before| before.ends_with('$')) {
                    found.help("inside `{…}` and `[…]` a text with `${…}` in it needs quotes");
                } else if error.info().contains("recursion limit") {
                    found.help("flatten the document: so many brackets are nested in one another");
                } else if error.info().contains("tab") {
                    found.help("indent with spaces");
                }
            }
            Stop::Refused(span, message, help) => {
                loader.diagnostics.error(span, message).help(help);
            }
        }
        loader.documents.clear();
    }
    loader.documents
}

impl Source {
    /// Reads and parses a file of one document.
    pub fn load(path: &std::path::Path) -> Result<(Option<Node>, Diagnostics), ReadError> {
        let mut diagnostics = Diagnostics::new(Self::read(path)?);
        let node = parse(&mut diagnostics);
        Ok((node, diagnostics))
    }
}

enum Stop {
    Syntax(ScanError),
    Refused(Span, String, &'static str),
}

/// A value that an alias may name.
#[derive(Clone)]
struct Anchored {
    node: Node,
    size: Size,
}

/// What a value takes of the limits.
#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    depth: usize,
}

/// A collection whose end has not come yet.
struct Open {
    start: usize,
    anchor: usize,
    items: Items,
}

enum Items {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, seen: BTreeMap<String, Span>, key: Option<Node> },
}

struct Loader<'d, 't> {
    text: &'t str,
    /// Escapes of JSON that the parser is given in another form.
    pairs: Pairs,
    /// Byte offset of every 64th character: the parser counts characters.
    landmarks: Vec<usize>,
    limits: Limits,
    nodes: usize,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    duplicates: usize,
    documents: Vec<Node>,
    diagnostics: &'d mut Diagnostics,
}

const LANDMARK: usize = 64;

/// Bytes of text that weigh as much as a node when they are copied.
const TEXT: usize = 64;

impl<'d, 't> Loader<'d, 't> {
    fn new(text: &'t str, limits: Limits, diagnostics: &'d mut Diagnostics) -> Self {
        let landmarks = text.char_indices().step_by(LANDMARK).map(|(offset, _)| offset).collect();
        Self {
            text,
            pairs: Pairs::default(),
            landmarks,
            limits,
            nodes: 0,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            duplicates: 0,
            documents: Vec::new(),
            diagnostics,
        }
    }

    fn run(&mut self) -> Result<(), Stop> {
        let text = self.pairs.joined(self.text);
        let mut parser = Parser::new_from_str(&text);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(Stop::Syntax)?;
            let span = self.span(span);
            match event {
                Event::DocumentStart(_) => self.anchors.clear(),
                Event::Alias(anchor) => self.alias(anchor, span)?,
                Event::Scalar(text, style, anchor, tag) => {
                    let plain = match &tag {
                        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => false,
                        Some(_) => return Err(refused_tag(span)),
                        None => style == ScalarStyle::Plain,
                    };
                    let scalar = Scalar { text: text.into_owned(), plain };
                    self.add(Node { span, value: Value::Scalar(scalar) }, anchor, 1)?;
                }
                Event::SequenceStart(anchor, tag) => {
                    self.enter(span, anchor, tag.is_some(), Items::Sequence(Vec::new()))?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.enter(
                        span,
                        anchor,
                        tag.is_some(),
                        Items::Mapping { entries: Vec::new(), seen: BTreeMap::new(), key: None },
                    )?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.leave(span)?,
                Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => {}
            }
        }
        Ok(())
    }

    fn enter(&mut self, span: Span, anchor: usize, tagged: bool, items: Items) -> Result<(), Stop> {
        if tagged {
            return Err(refused_tag(span));
        }
        if self.open.len() >= self.limits.depth {
            return Err(self.too_deep(span));
        }
        self.open.push(Open { start: span.start, anchor, items });
        Ok(())
    }

    fn too_deep(&self, span: Span) -> Stop {
        let message = format!("nested more than {} levels deep", self.limits.depth);
        Stop::Refused(span, message, "flatten the document")
    }

    fn leave(&mut self, end: Span) -> Result<(), Stop> {
        let Some(Open { start, anchor, items }) = self.open.pop() else { return Ok(()) };
        // Most collections are small, and there may be millions: room that is not used is given back.
        let value = match items {
            Items::Sequence(mut nodes) => {
                nodes.shrink_to_fit();
                Value::Sequence(nodes)
            }
            Items::Mapping { mut entries, .. } => {
                entries.shrink_to_fit();
                Value::Mapping(entries)
            }
        };
        let last = match &value {
            Value::Sequence(nodes) => nodes.last(),
            Value::Mapping(entries) => entries.last().map(|entry| &entry.value),
            Value::Scalar(_) => None,
        };
        // What the parser calls the end lies beyond blanks and comments: a flow collection ends with its bracket, a
        // block collection with its last value.
        let byte = |at: usize| self.text.as_bytes().get(at);
        let end = match last {
            _ if matches!(byte(start), Some(b'[' | b'{')) && matches!(byte(end.start), Some(b']' | b'}')) => {
                end.start + 1
            }
            Some(last) => last.span.end.max(start),
            None => end.end.max(start),
        };
        self.add(Node { span: Span { start, end }, value }, anchor, 1)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let Some(Anchored { node, size }) = self.anchors.get(&anchor) else {
            let message = "an alias inside the value that it names".to_owned();
            return Err(Stop::Refused(span, message, "write the value out"));
        };
        if self.open.len() + size.depth > self.limits.depth {
            return Err(self.too_deep(span));
        }
        let (node, nodes) = (Node { span, ..node.clone() }, size.nodes);
        self.add(node, 0, nodes)
    }

    /// Puts a finished node into the collection that is open, or makes it a document.
    fn add(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Stop> {
        let kept = if anchor == 0 { None } else { Some(measure(&node)) };
        self.nodes += size + kept.map_or(0, |size| size.nodes);
        if self.nodes > self.limits.nodes {
            let message = format!("more than {} values, aliases counted each time", self.limits.nodes);
            return Err(Stop::Refused(node.span, message, "split the file, or do without the aliases"));
        }
        if let Some(size) = kept {
            self.anchors.insert(anchor, Anchored { node: node.clone(), size });
        }
        match self.open.last_mut().map(|open| &mut open.items) {
            None => {
                if !node.is_null() {
                    self.documents.push(node);
                }
                if self.documents.len() > self.limits.documents {
                    let message = format!("more than {} documents", self.limits.documents);
                    return Err(Stop::Refused(Span::default(), message, "split the file"));
                }
            }
            Some(Items::Sequence(nodes)) => nodes.push(node),
            Some(Items::Mapping { entries, seen, key }) => match key.take() {
                None => *key = Some(node),
                Some(key) => {
                    let Value::Scalar(Scalar { text, plain: key_plain }) = key.value else {
                        let message = "a key that is no scalar".to_owned();
                        return Err(Stop::Refused(key.span, message, "put the braces in quotes"));
                    };
                    if let Some(first) = seen.get(&text) {
                        self.duplicates += 1;
                        if self.duplicates > self.limits.duplicates {
                            let message = format!("more than {} duplicate keys", self.limits.duplicates);
                            return Err(Stop::Refused(key.span, message, "is this file what it should be?"));
                        }
                        let line = self.diagnostics.source().position(*first).0;
                        self.diagnostics
                            .error(key.span, format!("duplicate key `{text}`"))
                            .help(format!("it is already set in line {line}"));
                    } else {
                        seen.insert(text.clone(), key.span);
                        entries.push(Entry { key: text, key_span: key.span, key_plain, value: node });
                    }
                }
            },
        }
        Ok(())
    }

    fn span(&self, span: ParserSpan) -> Span {
        Span { start: self.offset(span.start), end: self.offset(span.end) }
    }

    fn offset(&self, marker: Marker) -> usize {
        let index = self.pairs.index(marker.index());
        let Some(start) = self.landmarks.get(index / LANDMARK) else { return self.text.len() };
        let rest = self.text.get(*start..).unwrap_or_default();
        rest.char_indices().nth(index % LANDMARK).map_or(self.text.len(), |(offset, _)| start + offset)
    }
}

/// The tab with which a line is indented, at a place or behind it: the parser tells of the value before.
fn tab(text: &str, at: usize) -> usize {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let mut line_start = start;
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line.get(..blank).and_then(|blank| blank.find('\t')) {
            return line_start + tab;
        }
        line_start += line.len();
    }
    at
}

fn refused_tag(span: Span) -> Stop {
    Stop::Refused(span, "a YAML tag".to_owned(), "remove the `!…`: values have the type they are written in")
}

/// What a copy takes. A long text counts as one node more for every [`TEXT`] bytes.
fn measure(node: &Node) -> Size {
    let mut size = Size { nodes: 1, depth: 0 };
    let mut add = |inner: &Node, key: usize| {
        let inner = measure(inner);
        size.nodes += key + inner.nodes;
        size.depth = size.depth.max(inner.depth + 1);
    };
    match &node.value {
        Value::Scalar(scalar) => size.nodes += scalar.text.len() / TEXT,
        Value::Sequence(nodes) if nodes.is_empty() => size.depth = 1,
        Value::Sequence(nodes) => nodes.iter().for_each(|node| add(node, 0)),
        Value::Mapping(entries) if entries.is_empty() => size.depth = 1,
        Value::Mapping(entries) => {
            for entry in entries {
                add(&entry.value, 1 + entry.key.len() / TEXT);
            }
        }
    }
    size
}
