//! From text to expression: operators by their rank in `SpEL`, and names that must be known.

use std::ops::Range;

use serde_json::Value as Json;
use spanned_yaml::closest;

use super::{
    Expression, Mistake, Names, Operator, function, group_function,
    token::{Token, tokens},
};

/// So deep may parentheses, lists and calls stand in each other.
const DEEPEST: usize = 40;
/// So many parts may an expression have.
const LONGEST: usize = 500;

const UNDERSTOOD: &str = "the mock reads `user.…` with an attribute of the user profile, \
     `user.getInternalProperty(\"id\")`, `appuser.userName`, `app.clientId`, texts, numbers, `true`, `false`, `null`, \
     lists in braces, `+ - == != < <= > >=`, `AND`, `OR`, `!`, `… ? … : …`, and functions: `String.…`, `Arrays.…`, \
     `Convert.…`, `Groups.…`, `getFilteredGroups`, `isMemberOf…`";

const INTERNAL: &str = "user.getInternalProperty";

/// Words of other dialects of the language that are met in the field, and what to do instead.
const ELSEWHERE: [(&str, &str); 9] = [
    (
        "user.profile",
        "`user.…` is enough: `user.profile.…` is of Identity Engine's own dialect, not of claims",
    ),
    (
        "user.isMemberOf",
        "it is of Identity Engine's own dialect: claims have `isMemberOfGroupName(\"…\")` and its like",
    ),
    (
        "user.getGroups",
        "it is of Identity Engine's own dialect: claims have `Groups.startsWith(\"OKTA\", \"…\", 100)`",
    ),
    ("user.getLinkedObject", "people have no links to each other here"),
    ("appuser", "here `appuser` has nothing but `userName`"),
    ("app", "here `app` has nothing but `clientId`"),
    ("session", "it is for SAML attributes"),
    ("idpuser", "it is for the names of users who come from elsewhere"),
    ("org", "the organization's properties are not reproduced"),
];

pub(super) fn parse(text: &str, names: Names<'_>) -> Result<Expression, Mistake> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0, names };
    if parser.tokens.len() > LONGEST {
        return Err(Mistake {
            at: 0..text.len(),
            message: "an expression of too many parts".to_owned(),
            help: format!("the mock reads {LONGEST} of them"),
        });
    }
    let expression = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(expression),
        _ => Err(parser.unexpected("the end of the expression")),
    }
}

struct Parser<'n> {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    depth: usize,
    names: Names<'n>,
}

/// By rank, the weakest first.
const RANKS: [&[(&str, Operator)]; 4] = [
    &[("||", Operator::Or), ("OR", Operator::Or)],
    &[("&&", Operator::And), ("AND", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::Unequal),
        ("<", Operator::Less),
        ("<=", Operator::LessOrEqual),
        (">", Operator::Greater),
        (">=", Operator::GreaterOrEqual),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
];

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(token, _)| token)
    }

    /// Of the token that comes next.
    fn place(&self) -> Range<usize> {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0..0, |(_, place)| place.clone())
    }

    /// Takes a sign, if it comes next.
    fn takes(&mut self, sign: &str) -> bool {
        let comes = matches!(self.peek(), Token::Sign(next) if *next == sign);
        self.next += usize::from(comes);
        comes
    }

    fn wants(&mut self, sign: &str) -> Result<(), Mistake> {
        if self.takes(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> Mistake {
        let (found, help) = match self.peek() {
            Token::Sign("=") => ("`=`".to_owned(), "`==` compares; an expression assigns nothing".to_owned()),
            Token::Sign("[") => ("`[`".to_owned(), "`Arrays.get(list, 0)` is the first of a list".to_owned()),
            Token::Sign(sign) => (format!("`{sign}`"), UNDERSTOOD.to_owned()),
            Token::Name(name) => (format!("`{name}`"), UNDERSTOOD.to_owned()),
            Token::Constant(value) => (format!("`{value}`"), UNDERSTOOD.to_owned()),
            Token::End => ("the end".to_owned(), UNDERSTOOD.to_owned()),
        };
        Mistake { at: self.place(), message: format!("expected {wanted}, found {found}"), help }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Mistake>) -> Result<T, Mistake> {
        if self.depth == DEEPEST {
            return Err(Mistake {
                at: self.place(),
                message: "an expression that is nested too deep".to_owned(),
                help: format!("the mock reads {DEEPEST} levels"),
            });
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn expression(&mut self) -> Result<Expression, Mistake> {
        self.deeper(|parser| {
            let condition = parser.ranked(&RANKS)?;
            if !parser.takes("?") {
                return Ok(condition);
            }
            let yes = parser.expression()?;
            parser.wants(":")?;
            let no = parser.expression()?;
            Ok(Expression::Choice(Box::new((condition, yes, no))))
        })
    }

    /// Operators of these ranks. Of comparisons there is one; the others are read from the left.
    fn ranked(&mut self, ranks: &[&[(&str, Operator)]]) -> Result<Expression, Mistake> {
        let Some((rank, stronger)) = ranks.split_first() else { return self.unary() };
        let mut left = self.ranked(stronger)?;
        while let Some(operator) = self.operator(rank) {
            self.next += 1;
            let right = self.ranked(stronger)?;
            left = Expression::Binary(operator, Box::new((left, right)));
            if rank.len() > 2 {
                break;
            }
        }
        Ok(left)
    }

    fn operator(&self, rank: &[(&str, Operator)]) -> Option<Operator> {
        let word = match self.peek() {
            Token::Sign(sign) => sign,
            Token::Name(name) => name.as_str(),
            _ => return None,
        };
        rank.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, operator)| *operator)
    }

    fn unary(&mut self) -> Result<Expression, Mistake> {
        if self.takes("!") || self.takes_word("not") {
            return Ok(Expression::Not(Box::new(self.deeper(Self::unary)?)));
        }
        if self.takes("-") {
            return Ok(Expression::Negative(Box::new(self.deeper(Self::unary)?)));
        }
        self.primary()
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let comes = matches!(self.peek(), Token::Name(name) if name.eq_ignore_ascii_case(word));
        self.next += usize::from(comes);
        comes
    }

    fn primary(&mut self) -> Result<Expression, Mistake> {
        if self.takes("(") {
            let inner = self.expression()?;
            self.wants(")")?;
            return Ok(inner);
        }
        if self.takes("{") {
            return Ok(Expression::List(self.list("}")?));
        }
        match self.peek().clone() {
            Token::Constant(value) => {
                self.next += 1;
                Ok(Expression::Constant(value))
            }
            Token::Name(name) => self.named(name),
            _ => Err(self.unexpected("a value")),
        }
    }

    /// What stands between commas, up to a closing sign.
    fn list(&mut self, close: &str) -> Result<Vec<Expression>, Mistake> {
        let mut list = Vec::new();
        if self.takes(close) {
            return Ok(list);
        }
        loop {
            list.push(self.expression()?);
            if self.takes(close) {
                return Ok(list);
            }
            if !self.takes(",") {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    /// A name with what follows its points, and the arguments if it is called.
    fn named(&mut self, first: String) -> Result<Expression, Mistake> {
        let start = self.place();
        let mut name = first;
        self.next += 1;
        let mut at = start;
        while self.takes(".") {
            let Token::Name(part) = self.peek().clone() else { return Err(self.unexpected("a name")) };
            name = format!("{name}.{part}");
            at.end = self.place().end;
            self.next += 1;
        }
        if self.takes("(") {
            let known = function::by_name(&name).is_some() || group_function::NAMES.contains(&name.as_str());
            if !known && name != INTERNAL {
                return Err(unknown(&name, at));
            }
            let arguments = self.list(")")?;
            let whole = at.start..self.tokens.get(self.next - 1).map_or(at.end, |(_, place)| place.end);
            return self.call(&name, at, whole, arguments);
        }
        match name.to_ascii_lowercase().as_str() {
            "true" => return Ok(Expression::Constant(true.into())),
            "false" => return Ok(Expression::Constant(false.into())),
            "null" => return Ok(Expression::Constant(Json::Null)),
            _ => {}
        }
        match name.as_str() {
            "user" | "appuser" => Ok(Expression::Person),
            "appuser.userName" => Ok(Expression::UserName),
            "app.clientId" => Ok(Expression::ClientId),
            _ => match name.strip_prefix("user.") {
                Some(attribute) if !attribute.contains('.') => self.attribute(attribute, at),
                _ => Err(unknown(&name, at)),
            },
        }
    }

    fn attribute(&self, attribute: &str, at: Range<usize>) -> Result<Expression, Mistake> {
        if self.names.attributes.iter().any(|name| name == attribute) {
            return Ok(Expression::Attribute(attribute.to_owned()));
        }
        let help = match closest(attribute, self.names.attributes.iter().map(String::as_str)) {
            Some(name) => format!("did you mean `user.{name}`?"),
            None => "`user.…` reads profile attributes, not group memberships: add it to `profile_attributes`, as in \
                     Directory > Profile Editor"
                .to_owned(),
        };
        Err(Mistake { at, message: format!("the user profile has no `{attribute}`"), help })
    }

    fn call(
        &self,
        name: &str,
        at: Range<usize>,
        whole: Range<usize>,
        arguments: Vec<Expression>,
    ) -> Result<Expression, Mistake> {
        if name == INTERNAL {
            return match arguments.as_slice() {
                [Expression::Constant(property)] if property == "id" => Ok(Expression::UserId),
                [Expression::Constant(property)] if property == "status" => Ok(Expression::UserStatus),
                _ => Err(Mistake {
                    at: whole,
                    message: "an internal property that the mock does not have".to_owned(),
                    help: "there are `\"id\"` and `\"status\"`".to_owned(),
                }),
            };
        }
        if let Some(read) = group_function::read(name, &arguments, self.names) {
            return read.map_err(|help| Mistake {
                at: whole,
                message: format!("`{name}` cannot be read as it stands"),
                help,
            });
        }
        let Some(function) = function::by_name(name) else { return Err(unknown(name, at)) };
        if !function.takes.contains(&arguments.len()) {
            return Err(Mistake {
                at: whole,
                message: format!("`{name}` with {} arguments", arguments.len()),
                help: format!("it is written {}", function.signature),
            });
        }
        Ok(Expression::Call(function, arguments))
    }
}

fn unknown(name: &str, at: Range<usize>) -> Mistake {
    let is_under =
        |root: &str| name.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let known = function::FUNCTIONS.iter().map(|function| function.name).chain(group_function::NAMES);
    let elsewhere = ELSEWHERE.iter().find(|(root, _)| is_under(root));
    let help = match (elsewhere, closest(name, known)) {
        (Some((_, advice)), _) => (*advice).to_owned(),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => UNDERSTOOD.to_owned(),
    };
    Mistake { at, message: format!("`{name}` is not understood by the mock"), help }
}
