#!/usr/bin/env python3
"""What the figures of a made-up company must be, worked out a second time from the APIs' objects alone (standard library).

Written from the rules, not from the program's code, so that a misreading in one of the two shows as a difference.
oracle.py FIXTURES ZONE [NOW]   prints {"counters": [...], "deploys": [...], "live": {...}, "alerts": [...]}
"""
import datetime as D
import json
import os
import re
import sys
from fractions import Fraction as F
from zoneinfo import ZoneInfo

DAY = 86400


def load(folder, service, name, default):
    path = os.path.join(folder, service, name + ".json")
    if not os.path.exists(path):
        return default
    with open(path, encoding="utf8") as file:
        return json.load(file)


def rounded(value):
    """The nearest integer; a half goes away from zero."""
    value = F(value)
    whole = (abs(value) * 2 + 1) // 2
    return int(whole if value >= 0 else -whole)


# ---------------------------------------------------------------- Stripe


class Stripe:
    def __init__(self, folder, zone, now):
        data = lambda name: load(folder, "stripe", name, {"data": []})["data"]
        self.now, self.zone = now, ZoneInfo(zone)
        self.subscriptions, self.customers = data("subscriptions"), data("customers")
        self.charges, self.refunds = data("charges"), data("refunds")
        self.disputes, self.payouts = data("disputes"), data("payouts")
        self.coupons = {one["id"]: one for one in data("coupons")}
        self.prices = {one["id"]: one for one in data("prices")}
        self.discounts = load(folder, "stripe", "discounts", {})
        self.balance = load(folder, "stripe", "balance", {"available": [], "pending": []})
        self.rows, self.items = [], {}
        for one in data("subscription_items"):
            self.items.setdefault(one["subscription"], []).append(one)
        # Whether discounts count that are not for ever.
        self.every = False

    # What a subscription is worth a month.

    def discount(self, one):
        one = self.discounts[one] if isinstance(one, str) else one
        if one.get("end") is not None and one["end"] <= self.now:
            return None
        coupon = one["source"]["coupon"] if one.get("source") else one["coupon"]
        coupon = self.coupons[coupon] if isinstance(coupon, str) else coupon
        return coupon if coupon["duration"] == "forever" or self.every else None

    def discounted(self, amount, discounts, currency, factor):
        for one in discounts:
            coupon = self.discount(one)
            if coupon is None:
                continue
            if coupon.get("percent_off") is not None:
                amount *= 1 - F(str(coupon["percent_off"])) / 100
            elif coupon.get("currency") == currency:
                amount -= coupon["amount_off"] * factor
        return max(amount, F(0))

    def item(self, item):
        """Its amount an invoice and how many invoices a month are."""
        price = item["price"]
        recurring = price.get("recurring")
        if recurring is None:
            return F(0), F(0)
        count = recurring["interval_count"]
        factor = {"day": F(365, 12), "week": F(52, 12), "month": F(1), "year": F(1, 12)}[recurring["interval"]] / count
        if recurring["usage_type"] == "metered":
            return F(0), factor
        quantity = F(item.get("quantity") or 0)
        decimal = lambda one, name: F(str(one.get(name + "_decimal") or one.get(name) or 0))
        if price["billing_scheme"] == "per_unit":
            transform = price.get("transform_quantity")
            if transform:
                packs = quantity / transform["divide_by"]
                quantity = F(-(-packs // 1)) if transform["round"] == "up" else F(packs // 1)
            return decimal(price, "unit_amount") * quantity, factor
        tiers = self.prices[price["id"]]["_tiers"]
        if price["tiers_mode"] == "volume":
            tier = next(t for t in tiers if t["up_to"] is None or quantity <= t["up_to"])
            return quantity * decimal(tier, "unit_amount") + decimal(tier, "flat_amount"), factor
        amount, below = F(0), F(0)
        for tier in tiers:
            top = quantity if tier["up_to"] is None else min(quantity, F(tier["up_to"]))
            if top > below:
                amount += (top - below) * decimal(tier, "unit_amount") + decimal(tier, "flat_amount")
                below = top
        return amount, factor

    def worth(self, subscription):
        currency, total, factors = subscription["currency"], F(0), [F(1)]
        items = subscription["items"]
        for item in self.items[subscription["id"]] if items["has_more"] else items["data"]:
            amount, factor = self.item(item)
            month = self.discounted(amount * factor, item.get("discounts") or [], currency, factor)
            total += month
            factors.append(factor)
        discounts = subscription.get("discounts") or []
        if not discounts:
            customer = self.by_id.get(subscription["customer"])
            discounts = [customer["discount"]] if customer and customer.get("discount") else []
        return self.discounted(total, discounts, currency, factors[-1])

    # Rows.

    def row(self, name, figure, currency=None, window=None, **previous):
        self.rows.append({"name": name, "figure": figure, "currency": currency, "window": window, **previous})

    def money(self, name, per_currency, window=None, previous=None):
        for currency in sorted(set(per_currency) | set(previous or {})):
            more = {} if previous is None else {"previous": rounded(previous.get(currency, 0))}
            self.row(name, rounded(per_currency.get(currency, 0)), currency, window, **more)

    def sums(self, pairs):
        total = {}
        for currency, amount in pairs:
            total[currency] = total.get(currency, 0) + amount
        return total

    def midnight(self, days_before=0):
        date = D.datetime.fromtimestamp(self.now, self.zone).date() - D.timedelta(days=days_before)
        # Where midnight is left out the day begins when the clocks are put forward: the older offset of that hour.
        return int(D.datetime(date.year, date.month, date.day, tzinfo=self.zone).timestamp())

    def windows(self):
        """Each window and the one before it, as tests of a time, and when the latter ended."""
        now, today, yesterday = self.now, self.midnight(), self.midnight(1)
        until = yesterday + (now - today)
        yield "today", lambda t: today <= t <= now, lambda t: yesterday <= t <= until, until
        for days in (7, 30):
            span = days * DAY
            yield (
                "%dd" % days,
                lambda t, span=span: now - span < t <= now,
                lambda t, span=span: now - 2 * span < t <= now - span,
                now - span,
            )

    def counters(self):
        self.by_id = {one["id"]: one for one in self.customers}
        self.states()
        for window, within, before, end in self.windows():
            self.flows(window, within, before, end)
        self.churn()
        return self.rows

    def states(self):
        live = [one for one in self.subscriptions if one["status"] in ("active", "past_due")]
        mrr = self.sums((one["currency"], self.worth(one)) for one in live)
        paying = {}
        for one in live:
            if self.worth(one) > 0:
                paying.setdefault(one["currency"], set()).add(one["customer"])
        self.money("mrr", mrr)
        self.every = True
        self.money("mrr_all_discounts", self.sums((one["currency"], self.worth(one)) for one in live))
        self.every = False
        self.money("arr", {currency: 12 * rounded(amount) for currency, amount in mrr.items()})
        # Of the figure that is shown, as the yearly one is.
        self.money("arpu", {currency: F(rounded(mrr[currency]), len(who)) for currency, who in paying.items()})
        self.row("customers", len(self.customers))
        # As many paid before as logo churn is a share of.
        was = len(self.paying_at(self.now - 30 * DAY))
        self.row("paying_customers", len(set().union(*paying.values())) if paying else 0, previous=was)
        self.row("active_subscriptions", len(live))
        self.row("paid_subscriptions", sum(self.worth(one) > 0 for one in live))
        stopped = [one for one in live if one.get("pause_collection")]
        self.money("collection_paused_mrr", self.sums((one["currency"], self.worth(one)) for one in stopped))
        self.row("trialing", sum(one["status"] == "trialing" for one in self.subscriptions))
        late = [one for one in live if one["status"] == "past_due"]
        self.row("past_due_subscriptions", len(late))
        self.money("past_due_mrr", self.sums((one["currency"], self.worth(one)) for one in late))
        leaving = [one for one in live if one["cancel_at_period_end"]]
        self.row("canceling_subscriptions", len(leaving))
        self.money("canceling_mrr", self.sums((one["currency"], self.worth(one)) for one in leaving))
        needs = ("needs_response", "warning_needs_response")
        opened = needs + ("under_review", "warning_under_review")
        self.row("open_disputes", sum(one["status"] in opened for one in self.disputes))
        at_stake = [one for one in self.disputes if one["status"] in opened]
        self.money("open_disputes_amount", self.sums((one["currency"], one["amount"]) for one in at_stake))
        self.row("disputes_needing_response", sum(one["status"] in needs for one in self.disputes))
        self.money("balance_available", self.sums((one["currency"], one["amount"]) for one in self.balance["available"]))
        self.money("balance_pending", self.sums((one["currency"], one["amount"]) for one in self.balance["pending"]))

    def flows(self, window, within, before, end):
        created = lambda objects, test: [one for one in objects if test(one["created"])]
        both = lambda objects, test: (len(created(objects, within)), len(created(objects, before)))
        self.row("new_customers", both(self.customers, within)[0], None, window, previous=both(self.customers, within)[1])
        paid = [one for one in self.charges if one["status"] == "succeeded" and one["captured"]]
        gross = lambda test: self.sums((one["currency"], one["amount_captured"]) for one in created(paid, test))
        back = [one for one in self.refunds if one["status"] == "succeeded"]
        refunds = lambda test: self.sums((one["currency"], one["amount"]) for one in created(back, test))

        def net(test):
            given, taken = gross(test), refunds(test)
            return {currency: given.get(currency, 0) - taken.get(currency, 0) for currency in set(given) | set(taken)}

        self.money("revenue_gross", gross(within), window, gross(before))
        self.money("revenue_refunds", refunds(within), window, refunds(before))
        self.money("revenue_net", net(within), window, net(before))
        payments = [len(created(paid, test)) for test in (within, before)]
        self.row("payments", payments[0], None, window, previous=payments[1])
        failed = [self.failures(within, self.now), self.failures(before, end)]
        self.row("failed_payments", failed[0][0], None, window, previous=failed[1][0])
        self.row("failed_payments_recovered", failed[0][1], None, window, previous=failed[1][1])
        attempts = [[one for one in self.charges if one["status"] == "failed" and test(one["created"])] for test in (within, before)]
        self.row("failed_attempts", len(attempts[0]), None, window, previous=len(attempts[1]))

    def failures(self, test, end):
        intent = lambda one: one.get("payment_intent") or one["id"]
        failed = {}
        for one in self.charges:
            if one["status"] == "failed" and test(one["created"]):
                failed[intent(one)] = min(one["created"], failed.get(intent(one), one["created"]))
        later = lambda one: one["status"] == "succeeded" and one["created"] >= failed.get(intent(one), self.now + 1)
        # As it stood when the window ended, so that two windows can be compared.
        return len(failed), len({intent(one) for one in self.charges if later(one) and one["created"] <= end})

    def churn(self):
        begin = self.now - 30 * DAY
        trial = lambda one: one.get("trial_end") is not None and one["trial_end"] >= one["ended_at"]
        ended = [
            one
            for one in self.subscriptions
            if one["status"] == "canceled" and begin < (one["ended_at"] or 0) <= self.now and not trial(one)
        ]
        ended = [one for one in ended if self.worth(one) > 0]
        live = [one for one in self.subscriptions if one["status"] in ("active", "past_due") and self.worth(one) > 0]
        pays = {one["customer"] for one in live}
        gone = {one["customer"] for one in ended} - pays
        start = self.paying_at(begin)
        self.row("churned_customers", len(gone), None, "30d")
        self.row("churned_subscriptions", len(ended), None, "30d")
        self.money("churned_mrr", self.sums((one["currency"], self.worth(one)) for one in ended), "30d")
        # A share of nobody is unknown.
        pct = rounded(F(len(gone), len(start)) * 10000) / 100 if start else None
        self.row("logo_churn_pct", pct, None, "30d")
        failed = [one for one in self.payouts if one["status"] == "failed" and begin < one["created"] <= self.now]
        self.row("payouts_failed", len(failed), None, "30d")

    def paying_at(self, time):
        """The customers that paid something at a time, as far as the subscriptions tell."""
        who = set()
        for one in self.subscriptions:
            alive = one["status"] in ("active", "past_due") or (one["status"] == "canceled" and one["ended_at"] > time)
            began = one["start_date"] if one.get("start_date") else one["created"]
            trial = one.get("trial_end") or 0
            if alive and began <= time and trial <= time and self.worth(one) > 0:
                who.add(one["customer"])
        return who


# ---------------------------------------------------------------- GitLab


def numbers(version):
    """A version as numbers that can be compared; none for what is no version."""
    found = re.fullmatch(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in found.group(1).split(".")) if found else None


def lower(version, than):
    a, b = numbers(version), than and numbers(than)
    if not a or not b:
        return False
    width = max(len(a), len(b))
    return a + (0,) * (width - len(a)) < b + (0,) * (width - len(b))


def deploys(folder):
    """Every deployment, newest first, and what is live in each environment."""
    history = sorted(load(folder, "gitlab", "deployments", []), key=lambda one: (one["created_at"], one["id"]))
    live, tried, told = {}, {}, []
    for one in history:
        environment, version = one["environment"]["name"], one["ref"]
        before, seen = live.get(environment), tried.setdefault(environment, set())
        if lower(version, before):
            kind = "rollback"
        else:
            kind = "redeploy" if version in seen else "deploy"
        seen.add(version)
        told.append(
            {
                "id": one["id"],
                "environment": environment,
                "version": version,
                "sha": one["sha"],
                "status": one["status"],
                "kind": kind,
                "by": one["user"]["username"] if one["user"] else None,
                "previous_version": before,
            }
        )
        if one["status"] == "success":
            live[environment] = version
    return told[::-1], live


# ---------------------------------------------------------------- StatusCake


def alerts(folder, now):
    """What fires, and what has ended within a day: (kind, id, state, since, ended), times in seconds."""
    get = lambda name, default: load(folder, "statuscake", name, default)
    periods, told = get("periods", {}), []
    seconds = lambda text: D.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    for check in get("uptime", []):
        outages = [one for one in periods.get(check["id"], []) if one["status"] == "down"]
        for one in outages:
            since, ended = seconds(one["created_at"]), one.get("ended_at") and seconds(one["ended_at"])
            # What a paused check says now is old; what was before is not.
            if ended is None and check["status"] == "down" and not check["paused"]:
                told.append(("uptime", check["id"], "firing", since, None))
            elif ended is not None and now - DAY < ended <= now:
                told.append(("uptime", check["id"], "resolved", since, ended))
    for beat in get("heartbeat", []):
        if beat["status"] == "down" and not beat["paused"]:
            told.append(("heartbeat", beat["id"], "firing", None, None))
    for certificate in get("ssl", []):
        flags = certificate["flags"]
        broken = any(flags[flag] for flag in ("is_expired", "is_broken", "is_missing", "is_revoked"))
        until = certificate.get("valid_until")
        soon = until is not None and seconds(until) <= now + 30 * DAY
        if (broken or soon) and not certificate["paused"]:
            told.append(("certificate", certificate["id"], "firing", None, None))
    return told


def main(folder, zone, now=None):
    account = load(folder, "stripe", "account", {})
    now = int(now) if now else account["now"]
    history, live = deploys(folder)
    whole = {
        "counters": Stripe(folder, zone, now).counters(),
        "deploys": history,
        "live": live,
        "alerts": [dict(zip(("kind", "id", "state", "since", "ended"), one)) for one in alerts(folder, now)],
    }
    json.dump(whole, sys.stdout, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
