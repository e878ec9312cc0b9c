//! The words and signs of an expression.

use std::ops::Range;

use serde_json::{Number, Value as Json};

use super::Mistake;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Constant(Json),
    Name(String),
    Sign(&'static str),
    End,
}

/// The longer ones first. `=` is none of the language, but is written for `==`.
const SIGNS: [&str; 22] = [
    "==", "!=", "<=", ">=", "&&", "||", "(", ")", "{", "}", ",", ".", "?", ":", "!", "<", ">", "+", "-", "=",
    "[", "]",
];

/// Every token with its place; the last is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, Mistake> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start().len();
        at += blank;
        let rest = rest.trim_start();
        let Some(first) = rest.chars().next() else {
            tokens.push((Token::End, at..at));
            return Ok(tokens);
        };
        let (token, length) = if first == '"' || first == '\'' {
            quoted(rest, first, at)?
        } else if first.is_ascii_digit() {
            number(rest, at)?
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Token::Name(rest.get(..length).unwrap_or_default().to_owned()), length)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err(Mistake {
                at: at..at + first.len_utf8(),
                message: format!("`{first}` has no meaning in an expression"),
                help: "texts stand in double or single quotes".to_owned(),
            });
        };
        tokens.push((token, at..at + length));
        at += length;
    }
}

/// A text in quotes; the quote itself is written twice, as in `SpEL`.
fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token, usize), Mistake> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((offset, c)) = chars.next() {
        if c != quote {
            text.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            text.push(quote);
        } else {
            return Ok((Token::Constant(text.into()), offset + 1));
        }
    }
    Err(Mistake {
        at: at..at + rest.len(),
        message: "a text without an end".to_owned(),
        help: format!("it began with {quote}; the same closes it"),
    })
}

/// A whole number or one with a point.
fn number(rest: &str, at: usize) -> Result<(Token, usize), Mistake> {
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len());
    let text = rest.get(..length).unwrap_or_default();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let whole = text.parse().ok().map(|number: i64| Json::from(number));
    let value = whole.or_else(|| Some(Json::Number(Number::from_f64(text.parse().ok()?)?)));
    value.filter(|_| is_plain).map(|value| (Token::Constant(value), length)).ok_or_else(|| Mistake {
        at: at..at + length,
        message: format!("`{text}` is no number"),
        help: "numbers are whole, as in 1234, or have a point, as in 3.141".to_owned(),
    })
}
