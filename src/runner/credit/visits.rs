//! That somebody is signed in counts only beside that nobody is, and the other way round: of a UI that lets everybody
//! in, or nobody, or is not there, no page says anything. The two differ in one thing: the browser, what it did, what
//! it came back with, what it sent, or the moment.

use super::{Moment, opposites};
use crate::outcome::StepResult;

/// What a browser did, and whether anybody had to be signed in afterwards. The check is the step's first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runner) struct Visited {
    pub(in crate::runner) step: usize,
    pub(in crate::runner) browser: String,
    /// What it did, and where: `sign_in ann@acme.test`, `open /me`
    pub(in crate::runner) deed: String,
    /// How the query was changed with which it came back.
    pub(in crate::runner) callback: String,
    /// What it sent besides: headers, and changes of a form.
    pub(in crate::runner) sent: String,
    pub(in crate::runner) moment: Moment,
    /// How often other browsers had done by then what is no mere look: the one difference where there is no other.
    pub(in crate::runner) done_by_others: usize,
    /// It was a mere look: nothing changes by it for others.
    pub(in crate::runner) is_look: bool,
    pub(in crate::runner) signed_in: bool,
}

/// Takes the pass from every answer without a green opposite.
pub(super) fn settle(steps: &mut [StepResult], visited: &[Visited]) {
    opposites::settle(
        steps,
        visited,
        |one| one.step,
        is_opposite,
        "no green answer of the other kind differs from it in one thing: the browser, what it did, came back with or sent, or when",
    );
}

fn is_opposite(one: &Visited, other: &Visited) -> bool {
    let differences = [
        one.browser != other.browser,
        one.deed != other.deed,
        one.callback != other.callback,
        one.sent != other.sent,
        one.moment != other.moment,
    ];
    let by_others = one.done_by_others != other.done_by_others;
    one.signed_in != other.signed_in
        && match differences.into_iter().filter(|differs| *differs).count() {
            0 => by_others,
            number => number == 1,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visited(browser: &str, deed: &str, signed_in: bool) -> Visited {
        let moment = Moment { at: 0, faults: String::new(), manifests: 0, upstream: None };
        let (browser, deed) = (browser.to_owned(), deed.to_owned());
        let (callback, sent) = (String::new(), String::new());
        Visited {
            step: 0,
            browser,
            deed,
            callback,
            sent,
            moment,
            done_by_others: 0,
            is_look: true,
            signed_in,
        }
    }

    #[test]
    fn opposites_differ_in_one_thing() {
        let good = visited("window", "sign_in ann", true);
        let changed = |change: &dyn Fn(&mut Visited)| {
            let mut other = Visited { signed_in: false, ..good.clone() };
            change(&mut other);
            is_opposite(&good, &other) && is_opposite(&other, &good)
        };
        assert!(!changed(&|_| {}), "nothing differs");
        assert!(changed(&|other| other.browser = "thief".into()));
        assert!(changed(&|other| other.deed = "open /".into()));
        assert!(changed(&|other| other.callback = "state=x".into()));
        assert!(changed(&|other| other.sent = "origin: x".into()));
        assert!(changed(&|other| other.moment.at = 1));
        assert!(changed(&|other| other.moment.faults = "x".into()));
        assert!(changed(&|other| other.done_by_others = 1), "what somebody else did meanwhile");
        assert!(
            changed(&|other| {
                other.browser = "thief".into();
                other.done_by_others = 1;
            }),
            "where something else differs, the others do not matter"
        );
        assert!(!changed(&|other| {
            other.browser = "thief".into();
            other.callback = "state=x".into();
        }));
        assert!(!is_opposite(&good, &visited("thief", "sign_in ann", true)), "of the same kind");
    }
}
