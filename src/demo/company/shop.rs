//! The company's Stripe: customers with their subscriptions, orders that are paid as time goes by, and what goes wrong
//! with some of them. Amounts are in cents.

use std::collections::VecDeque;

use super::books::{Charge, Customer, Dispute, Event, Paid, Payout, Refund, Standing, Subscription};
use super::{DAY, HOUR, Seconds};
use crate::demo::world::rng::Rng;

/// Days of payments before the demo.
const PAST: Seconds = 62 * DAY;
/// Orders on a day, about.
const ORDERS: f64 = 90.0;
/// Seconds from one order to the next while somebody looks, on average.
const LIVELY: f64 = 90.0;
/// Customers at the start.
const CUSTOMERS: u64 = 236;
/// The most payments that are kept; the oldest are forgotten.
const MOST: usize = 9000;
/// The most events that are kept.
const MOST_EVENTS: usize = 500;

const FIRST: [&str; 16] = [
    "Atelier", "Blue", "Casa", "Delta", "Elm", "Foundry", "Gallery", "Harbor", "Iris", "Juniper", "Kite", "Linden",
    "Mill", "North", "Oak", "Petit",
];
const SECOND: [&str; 15] = [
    "Studio",
    "Hotel",
    "Works",
    "& Sons",
    "Interiors",
    "Café",
    "House",
    "Design",
    "Bureau",
    "Lights",
    "Rooms",
    "Partners",
    "Market",
    "Lab",
    "Books",
];
const GOODS: [(&str, i64); 7] = [
    ("Desk lamp Tolo", 8900),
    ("Floor lamp Alta", 24_900),
    ("Bulbs, set of 4", 2400),
    ("Pendant Mira", 17_500),
    ("Shade, linen", 4200),
    ("Wall lamp Nook", 11_900),
    ("Dimmer", 3600),
];
/// All of it. Oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Shop {
    /// Who buys.
    pub customers: Vec<Customer>,
    /// Who pays each month or year.
    pub subscriptions: Vec<Subscription>,
    /// What was paid or not.
    pub charges: VecDeque<Charge>,
    /// What was given back.
    pub refunds: Vec<Refund>,
    /// What is doubted.
    pub disputes: Vec<Dispute>,
    /// What went to the bank.
    pub payouts: Vec<Payout>,
    /// What has happened since the demo began.
    pub events: VecDeque<Event>,
    /// Cents that can be paid out, and cents that cannot yet.
    pub balance: (i64, i64),
    seed: u64,
    next_id: u64,
    /// Payments that were refused and will be tried again: when, and which.
    again: VecDeque<(Seconds, u64)>,
}

impl Shop {
    /// With the past of some weeks.
    pub fn new(seed: u64, now: Seconds) -> Self {
        let mut shop = Self {
            customers: Vec::new(),
            subscriptions: Vec::new(),
            charges: VecDeque::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            payouts: Vec::new(),
            events: VecDeque::new(),
            balance: (1_842_655, 0),
            seed,
            next_id: 10_000,
            again: VecDeque::new(),
        };
        shop.people(now);
        // An hour at a time; while somebody looks, a second at a time.
        let mut at = now - PAST - now.rem_euclid(HOUR);
        while at < now - 600 {
            let mut rng = Rng::at(seed, 0x0de5, at);
            let day = (std::f64::consts::TAU * (at as f64 / DAY as f64 - 0.375)).sin();
            let times = rng.count((ORDERS / 24.0 * (1.0 + 0.7 * day) - 0.5).max(0.0));
            let mut minutes: Vec<Seconds> = (0..times).map(|_| rng.below(3600).cast_signed()).collect();
            minutes.sort_unstable();
            for second in minutes.into_iter().filter(|second| at + second < now - 600) {
                shop.try_again(at + second, &mut rng);
                shop.order(at + second, &mut rng);
            }
            at += HOUR;
        }
        shop.try_again(now - 600, &mut Rng::at(seed, 0xa9a1, 0));
        shop.troubles(now);
        shop.events.clear();
        // There is always a newest event to begin from.
        shop.happened(now - 600, "payout.paid", shop.payouts.last().map_or(0, |last| last.id));
        shop
    }

    fn people(&mut self, now: Seconds) {
        let mut rng = Rng::at(self.seed, 0x9e0, 0);
        for i in 0..CUSTOMERS {
            // They came over two years, more of them of late.
            let age = (1.0 - (i as f64 / CUSTOMERS as f64).sqrt()) * 730.0 * DAY as f64;
            let created = now - age as Seconds - HOUR - rng.below(HOUR.unsigned_abs()).cast_signed();
            let id = self.id();
            let name = format!("{} {}", FIRST[(i % 16) as usize], SECOND[((i * 7 + i / 16) % 15) as usize]);
            self.customers.push(Customer { id, name, created });
            if i % 7 == 6 {
                continue;
            }
            let standing = match i {
                20 | 61 | 122 => Standing::PastDue,
                33 | 90 | 177 | 205 => Standing::Ending,
                45 => Standing::Ended(now - 3 * DAY - HOUR),
                83 => Standing::Ended(now - 11 * DAY),
                131 => Standing::Ended(now - 48 * DAY),
                228.. => Standing::Trialing,
                _ => Standing::Active,
            };
            let plan = rng.pick(&[0, 0, 0, 1, 2, 2, 3]);
            let quantity = if plan >= 2 { 1 + rng.below(4).cast_signed() } else { 1 };
            let id = self.id();
            self.subscriptions.push(Subscription { id, customer: id - 1, plan, quantity, created, standing });
        }
        self.customers.sort_by_key(|customer| customer.created);
        self.subscriptions.sort_by_key(|subscription| subscription.created);
    }

    /// Disputes, refunds and payouts of the past.
    fn troubles(&mut self, now: Seconds) {
        let old = |shop: &Self, age: Seconds| {
            let paid = |charge: &&Charge| charge.at < now - age && charge.paid == Paid::Well && charge.refunded == 0;
            shop.charges.iter().rev().find(paid).map(|charge| (charge.id, charge.cents))
        };
        let disputes = [
            (38 * DAY, 30 * DAY, "lost", "product_not_received", -20 * DAY),
            (20 * DAY, 9 * DAY, "under_review", "fraudulent", 2 * DAY),
            (12 * DAY, 5 * DAY + 3 * HOUR, "needs_response", "fraudulent", 2 * DAY + 5 * HOUR),
        ];
        for (age, opened, status, reason, due) in disputes {
            if let Some((charge, cents)) = old(self, age) {
                let id = self.id();
                self.disputes.push(Dispute { id, charge, at: now - opened, cents, status, reason, due: now + due });
            }
        }
        for (age, after) in
            [(25 * DAY, 2 * DAY), (14 * DAY, DAY), (6 * DAY, 3 * DAY), (DAY, 21 * HOUR), (5 * HOUR, 2 * HOUR)]
        {
            if let Some((charge, cents)) = old(self, age) {
                self.refund(charge, cents, now - age + after);
            }
        }
        self.refunds.sort_by_key(|refund| refund.at);
        for day in (1..60).rev().step_by(2) {
            let status = match day {
                1 => "in_transit",
                15 => "failed",
                _ => "paid",
            };
            let mut rng = Rng::at(self.seed, 0xba2c, day);
            let cents = 410_000 + rng.below(380_000).cast_signed();
            let id = self.id();
            self.payouts.push(Payout { id, at: now - day * DAY + 2 * HOUR, cents, status });
        }
        let recent = self.charges.iter().filter(|charge| charge.at > now - 2 * DAY && charge.paid == Paid::Well);
        self.balance.1 = recent.map(|charge| charge.cents - charge.refunded).sum();
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn happened(&mut self, at: Seconds, kind: &'static str, of: u64) {
        let id = self.id();
        self.events.push_back(Event { id, at, kind, of });
        if self.events.len() > MOST_EVENTS {
            self.events.pop_front();
        }
    }

    /// Lets a second go by in which this share of the shop's requests fails.
    pub fn second(&mut self, now: Seconds, failing: f64) {
        let mut rng = Rng::at(self.seed, 0x5a1e, now);
        self.try_again(now, &mut rng);
        // Whoever meets an error comes back later, or not.
        if rng.chance((1.0 - 2.0 * failing).max(0.0) / LIVELY) {
            self.order(now, &mut rng);
        }
        if rng.chance(1.0 / 1500.0)
            && let Some((charge, cents)) = self.recent(&mut rng)
        {
            self.refund(charge, cents, now);
        }
    }

    /// Whoever was refused tries once more, with another card perhaps.
    fn try_again(&mut self, now: Seconds, rng: &mut Rng) {
        while let Some((due, intent)) = self.again.pop_front() {
            if due > now {
                self.again.push_front((due, intent));
                return;
            }
            let first = self.charges.iter().rev().find(|charge| charge.id == intent).cloned();
            if let Some(first) = first {
                let paid = if rng.chance(0.5) { Paid::Well } else { first.paid };
                self.charge(Charge { at: due, paid, ..first });
            }
        }
    }

    /// A payment of late that was not given back.
    fn recent(&self, rng: &mut Rng) -> Option<(u64, i64)> {
        let from = self.charges.len().saturating_sub(1 + rng.below(60) as usize);
        let charge = self.charges.get(from).filter(|charge| charge.paid == Paid::Well && charge.refunded == 0)?;
        Some((charge.id, charge.cents))
    }

    /// Somebody buys something.
    fn order(&mut self, at: Seconds, rng: &mut Rng) {
        let there = self.customers.partition_point(|customer| customer.created < at);
        let Some(customer) = self.customers.get(rng.below(there as u64) as usize).map(|customer| customer.id) else {
            return;
        };
        let (what, each) = rng.pick(&GOODS);
        let cents = each * (1 + rng.below(4).cast_signed() / 3);
        let paid = if rng.chance(0.09) { Paid::Refused(rng.below(4) as usize) } else { Paid::Well };
        self.charge(Charge { id: 0, intent: 0, at, cents, refunded: 0, customer, what, paid });
    }

    fn charge(&mut self, charge: Charge) {
        let id = self.id();
        let intent = if charge.intent == 0 { id } else { charge.intent };
        match charge.paid {
            Paid::Well => {
                self.balance.1 += charge.cents;
                self.happened(charge.at, "charge.succeeded", id);
            }
            Paid::Refused(_) => {
                self.happened(charge.at, "charge.failed", id);
                if intent == id {
                    self.again.push_back((charge.at + 180, intent));
                }
            }
        }
        self.charges.push_back(Charge { id, intent, ..charge });
        if self.charges.len() > MOST {
            self.charges.pop_front();
        }
    }

    fn refund(&mut self, charge: u64, cents: i64, at: Seconds) {
        let id = self.id();
        if let Some(charge) = self.charges.iter_mut().find(|one| one.id == charge) {
            charge.refunded += cents;
        }
        self.refunds.push(Refund { id, charge, at, cents });
        self.happened(at, "charge.refunded", charge);
        self.happened(at, "refund.created", id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_comes_in_and_less_of_it_while_the_shop_fails() {
        let now = 1_763_000_000;
        let earned = |failing| {
            let mut shop = Shop::new(7, now);
            let before = shop.charges.len();
            (1..6000).for_each(|second| shop.second(now + second, failing));
            assert!(shop.charges.iter().map(|charge| charge.at).is_sorted());
            assert!(shop.events.iter().map(|event| event.id).is_sorted());
            shop.charges.len() - before
        };
        let (well, ill) = (earned(0.0), earned(0.4));
        assert!((40..110).contains(&well), "{well}");
        assert!(ill < well / 2 && ill > 0, "{ill}");
    }

    #[test]
    fn the_past_has_something_of_everything() {
        for seed in 0..5 {
            let shop = Shop::new(seed, 1_763_000_000);
            assert!((4000..8000).contains(&shop.charges.len()), "{}", shop.charges.len());
            assert!(shop.charges.iter().any(|charge| charge.refusal().is_some()));
            assert!(shop.disputes.iter().any(|dispute| dispute.status == "needs_response"));
            assert!(shop.refunds.len() >= 3 && shop.payouts.len() > 20);
            assert!(shop.customers.iter().all(|customer| customer.created < 1_763_000_000));
        }
    }
}
