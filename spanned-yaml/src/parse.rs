//! From text to tree, within limits.
//!
//! Duplicate keys are reported here, all of them. Aliases are copied and count against the node limit each time,
//! so that an exploding document stops early. Tags other than the core schema's are refused: they would change
//! what a value means behind the reader's back. Merge keys (`<<`) have no special meaning (YAML 1.2).

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span as ParserSpan};

use crate::{Diagnostics, Entry, Node, Scalar, Source, Span, Value, source::ReadError};

/// How much a document may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of nesting.
    pub depth: usize,
    /// Nodes, copies through aliases included.
    pub nodes: usize,
    /// Documents in a stream.
    pub documents: usize,
}

impl Default for Limits {
    /// 64 levels, 500,000 nodes, 10,000 documents.
    fn default() -> Self {
        Self { depth: 64, nodes: 500_000, documents: 10_000 }
    }
}

/// Parses a file of exactly one document. Every mistake is in `diagnostics`; the tree is there as far as it
/// makes sense, and absent for a syntax error or an empty file.
pub fn parse(diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut documents = parse_documents(diagnostics, Limits::default());
    if let Some(second) = documents.get(1) {
        diagnostics.error(second.span, "a second document").help("one file holds one document here: remove `---`");
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
                let at = loader.offset(*error.marker());
                loader.diagnostics.error(Span { start: at, end: at }, error.info());
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
    /// Byte offset of every 64th character: the parser counts characters.
    landmarks: Vec<usize>,
    limits: Limits,
    nodes: usize,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, usize)>,
    documents: Vec<Node>,
    diagnostics: &'d mut Diagnostics,
}

const LANDMARK: usize = 64;

impl<'d, 't> Loader<'d, 't> {
    fn new(text: &'t str, limits: Limits, diagnostics: &'d mut Diagnostics) -> Self {
        let landmarks = text.char_indices().step_by(LANDMARK).map(|(offset, _)| offset).collect();
        Self {
            text,
            landmarks,
            limits,
            nodes: 0,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            documents: Vec::new(),
            diagnostics,
        }
    }

    fn run(&mut self) -> Result<(), Stop> {
        let mut parser = Parser::new_from_str(self.text);
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
                    self.enter(span, anchor, tag.is_some(), Items::Mapping { entries: Vec::new(), seen: BTreeMap::new(), key: None })?;
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
            let message = format!("nested more than {} levels deep", self.limits.depth);
            return Err(Stop::Refused(span, message, "flatten the document"));
        }
        self.open.push(Open { start: span.start, anchor, items });
        Ok(())
    }

    fn leave(&mut self, end: Span) -> Result<(), Stop> {
        let Some(Open { start, anchor, items }) = self.open.pop() else { return Ok(()) };
        let value = match items {
            Items::Sequence(nodes) => Value::Sequence(nodes),
            Items::Mapping { entries, .. } => Value::Mapping(entries),
        };
        // A block collection ends where the next token begins: trailing white space is not part of it.
        let written = self.text.get(start..end.end).unwrap_or_default().trim_end().len();
        self.add(Node { span: Span { start, end: start + written }, value }, anchor, 1)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            let message = "an alias inside the value that it names".to_owned();
            return Err(Stop::Refused(span, message, "write the value out"));
        };
        self.add(Node { span, ..node }, 0, size)
    }

    /// Puts a finished node into the collection that is open, or makes it a document.
    fn add(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Stop> {
        self.nodes += size;
        if self.nodes > self.limits.nodes {
            let message = format!("more than {} values, aliases counted each time", self.limits.nodes);
            return Err(Stop::Refused(node.span, message, "split the file, or write out the aliases"));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), count(&node)));
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
                    let Value::Scalar(Scalar { text, .. }) = key.value else {
                        let message = "a key that is no scalar".to_owned();
                        return Err(Stop::Refused(key.span, message, "put the braces in quotes"));
                    };
                    if let Some(first) = seen.get(&text) {
                        let line = self.diagnostics.source().position(*first).0;
                        self.diagnostics
                            .error(key.span, format!("duplicate key `{text}`"))
                            .help(format!("it is already set in line {line}"));
                    } else {
                        seen.insert(text.clone(), key.span);
                        entries.push(Entry { key: text, key_span: key.span, value: node });
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
        let index = marker.index();
        let Some(start) = self.landmarks.get(index / LANDMARK) else { return self.text.len() };
        let rest = self.text.get(*start..).unwrap_or_default();
        rest.char_indices().nth(index % LANDMARK).map_or(self.text.len(), |(offset, _)| start + offset)
    }
}

fn refused_tag(span: Span) -> Stop {
    Stop::Refused(span, "a tag".to_owned(), "remove the `!…`: values have the type they are written in")
}

fn count(node: &Node) -> usize {
    1 + match &node.value {
        Value::Scalar(_) => 0,
        Value::Sequence(nodes) => nodes.iter().map(count).sum(),
        Value::Mapping(entries) => entries.iter().map(|entry| 1 + count(&entry.value)).sum(),
    }
}
