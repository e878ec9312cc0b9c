//! Where the platform of a run lives, as the command line says.

use std::{num::NonZeroUsize, sync::Arc};

use clap::{Args, ValueEnum};

use super::{Refusal, Terminal};
use crate::{
    model::rule::{Rule, Rules},
    reference::enterprise_manager::SigningKey,
    target::{Target, TargetError, containers::ContainersTarget, embedded::EmbeddedTarget},
};

/// The options that choose the target.
#[derive(Args, Debug)]
pub(super) struct Place {
    /// Where the platform lives: in this process, or every component in a container of its own.
    #[arg(long, value_name = "TARGET", default_value = "embedded")]
    target: Kind,
    /// The image of the containers, instead of one made from this executable.
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// Leave the containers when the run is over, to look inside.
    #[arg(long)]
    keep: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// In this process.
    Embedded,
    /// With Docker.
    Containers,
}

impl Place {
    /// Starts the target. Without Docker that of containers is an error of the environment.
    pub(super) async fn target(
        &self,
        rules: Rules,
        signing_key: Option<SigningKey>,
        terminal: &Terminal,
    ) -> Result<Arc<dyn Target>, Refusal> {
        match self.target {
            Kind::Embedded if self.image.is_some() || self.keep => {
                Err(Refusal::usage("error: `--image` and `--keep` go with `--target containers`"))
            }
            Kind::Embedded => {
                let target = EmbeddedTarget::new(rules, signing_key).map_err(failed)?;
                Ok(Arc::new(target))
            }
            Kind::Containers if rules.broken() == Some(Rule::TokCache) => Err(Refusal::usage(
                "error: TOK-CACHE is broken by a cache that components share, and containers share no memory: use the embedded target",
            )),
            Kind::Containers => {
                terminal.say("containers: looking for Docker, making the image")?;
                let target = ContainersTarget::start(rules, signing_key, self.image.clone(), self.keep).await;
                Ok(Arc::new(target.map_err(failed)?))
            }
        }
    }

    /// What of it stands on the command line, by option.
    pub(super) fn words(&self) -> impl Iterator<Item = (&'static str, String)> {
        let target = (self.target == Kind::Containers).then(|| ("target", "containers".to_owned()));
        target.into_iter().chain(self.image.clone().map(|image| ("image", image)))
    }

    /// Cases at a time where nobody says how many. In containers each has processes of its own, which keep the
    /// processors busy while it waits.
    pub(super) fn jobs(&self) -> NonZeroUsize {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        match self.target {
            Kind::Embedded => cores.saturating_mul(NonZeroUsize::MIN.saturating_add(3)),
            Kind::Containers => cores,
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where `map_err` wants a function")]
fn failed(error: TargetError) -> Refusal {
    Refusal::environment(format!("error: {error}"))
}
