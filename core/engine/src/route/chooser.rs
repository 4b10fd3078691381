//! All policies in one type: chosen by configuration, called without a table of functions.

use dcx_model::{Routing, RoutingPolicy, VenueId};

use super::arms::{Arms, Index};
use super::baseline::Baseline;
use super::exp3::Exp3;
use super::linear::Linear;
use super::split::Split;
use super::window::Window;
use super::{Ask, Beliefs, Choice, Policy, Reward, Rule};
use crate::digest::Words;

/// One of the policies.
#[derive(Clone, Debug)]
pub enum Chooser {
    /// Thompson sampling, UCB and ε-greedy.
    Arms(Arms),
    /// EXP3.S.
    Exp3(Exp3),
    /// Baselines.
    Baseline(Baseline),
    /// Sliding-window UCB.
    Window(Box<Window>),
    /// Linear UCB and linear Thompson sampling.
    Linear(Box<Linear>),
    /// Split across venues.
    Split(Box<Split>),
}

/// Calls the same method of whichever policy it is.
macro_rules! each {
    ($chooser:expr, $policy:ident => $call:expr) => {
        match $chooser {
            Chooser::Arms($policy) => $call,
            Chooser::Exp3($policy) => $call,
            Chooser::Baseline($policy) => $call,
            Chooser::Window($policy) => $call,
            Chooser::Linear($policy) => $call,
            Chooser::Split($policy) => $call,
        }
    };
}

impl Chooser {
    /// The policy that `routing` names, knowing nothing. Windows and models allocate.
    #[must_use]
    pub fn new(routing: &Routing) -> Self {
        let arms = |index| Self::Arms(Arms::new(routing, index));
        match routing.policy {
            RoutingPolicy::Thompson => arms(Index::Normal),
            RoutingPolicy::BetaThompson => arms(Index::Beta),
            RoutingPolicy::Ucb1 => arms(Index::Ucb1),
            RoutingPolicy::DiscountedUcb => arms(Index::DiscountedUcb),
            RoutingPolicy::EpsilonGreedy => arms(Index::Mean),
            RoutingPolicy::SlidingUcb => Self::Window(Box::new(Window::new(routing))),
            RoutingPolicy::Exp3 => Self::Exp3(Exp3::new(routing)),
            RoutingPolicy::LinUcb | RoutingPolicy::LinThompson => {
                Self::Linear(Box::new(Linear::new(routing)))
            }
            RoutingPolicy::BestDisplayed
            | RoutingPolicy::RoundRobin
            | RoutingPolicy::BestStatic => Self::Baseline(Baseline::new(routing)),
            RoutingPolicy::Split => Self::Split(Box::new(Split::new(routing))),
        }
    }

    /// Takes other parameters. What was seen stays where the policy stays the same and can go on
    /// with it; else it begins anew.
    pub fn reconfigure(&mut self, routing: &Routing) {
        let new = Self::new(routing);
        match (&mut *self, &new) {
            (Self::Arms(own), Self::Arms(new)) if own.index() == new.index() => {
                own.take_parameters(new);
            }
            (
                Self::Arms(_)
                | Self::Exp3(_)
                | Self::Baseline(_)
                | Self::Window(_)
                | Self::Linear(_)
                | Self::Split(_),
                _,
            ) => *self = new,
        }
    }

    /// Whether it takes no room but its own.
    pub(crate) const fn is_light(&self) -> bool {
        match self {
            Self::Arms(_) | Self::Exp3(_) | Self::Baseline(_) => true,
            Self::Window(_) | Self::Linear(_) | Self::Split(_) => false,
        }
    }

    /// Whether it reads the context of a question.
    #[must_use]
    pub const fn reads_context(&self) -> bool {
        matches!(self, Self::Linear(_))
    }

    /// Whether it reads the displayed prices of a question.
    #[must_use]
    pub const fn reads_prices(&self) -> bool {
        matches!(self, Self::Baseline(baseline) if baseline.is_by_price())
    }

    /// The policy that splits, if it is that.
    #[must_use]
    pub fn as_split(&mut self) -> Option<&mut Split> {
        match self {
            Self::Split(split) => Some(split),
            Self::Arms(_)
            | Self::Exp3(_)
            | Self::Baseline(_)
            | Self::Window(_)
            | Self::Linear(_) => None,
        }
    }

    pub(crate) fn digest(&self, words: &mut Words) {
        each!(self, policy => policy.digest(words));
    }
}

impl Policy for Chooser {
    fn rule(&self) -> Rule {
        each!(self, policy => policy.rule())
    }

    fn explore_ppm(&self) -> u32 {
        each!(self, policy => policy.explore_ppm())
    }

    fn assess(&self, ask: &Ask<'_>, beliefs: &mut Beliefs) {
        each!(self, policy => policy.assess(ask, beliefs));
    }

    fn note(&mut self, venue: VenueId) -> u64 {
        each!(self, policy => policy.note(venue))
    }

    fn learn(&mut self, choice: &Choice, reward: &Reward) {
        each!(self, policy => policy.learn(choice, reward));
    }
}
