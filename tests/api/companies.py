#!/usr/bin/env python3
"""Made-up companies, one for each seed: fixtures for serve.py with what the APIs' objects can be (standard library).

companies.py SEED FOLDER   writes the company and prints {"zone", "now", "old"}: where its day begins, the time to ask for,
and whether it can be told in the shapes from before 2025-03-31, which know one discount of a subscription and none of items.
What the rules leave open is left out, so that each company has exactly one set of right figures.
"""
import datetime as D
import json
import os
import random
import sys
from zoneinfo import ZoneInfo

DAY, HOUR = 86400, 3600
# Zones, and moments in them at which days are odd: 23 or 25 hours, a midnight that is left out or comes twice, a
# leap day, the ends of months and years, half and quarter hours of offset, either side of the date line.
MOMENTS = [
    ("UTC", "2026-03-01T00:00:00"),
    ("UTC", "2024-02-29T23:59:59"),
    ("America/New_York", "2026-03-08T12:00:00"),
    ("America/New_York", "2026-11-01T01:30:00"),
    ("America/New_York", "2026-11-02T00:10:00"),
    ("Europe/Berlin", "2026-03-29T03:00:00"),
    ("Europe/Berlin", "2026-10-25T23:30:00"),
    ("America/Sao_Paulo", "2018-11-04T09:00:00"),
    ("America/Sao_Paulo", "2019-02-17T10:00:00"),
    ("Africa/Cairo", "2026-04-24T08:00:00"),
    ("Asia/Beirut", "2026-03-29T05:00:00"),
    ("America/Havana", "2025-11-02T12:00:00"),
    ("Asia/Kathmandu", "2026-01-01T00:20:00"),
    ("Australia/Lord_Howe", "2026-04-05T12:00:00"),
    ("Pacific/Kiritimati", "2026-12-31T23:59:00"),
    ("Pacific/Pago_Pago", "2026-07-31T00:00:00"),
    ("Asia/Tokyo", "2026-05-31T18:00:00"),
    ("Europe/London", "2025-03-30T02:30:00"),
]
# Two, no and three places after the point; the last has none, but Stripe gives two.
CURRENCIES = ["usd", "eur", "gbp", "jpy", "krw", "kwd", "bhd", "isk"]


def midnight(now, zone, before=0):
    date = D.datetime.fromtimestamp(now, zone).date() - D.timedelta(days=before)
    return int(D.datetime(date.year, date.month, date.day, tzinfo=zone).timestamp())


class Company:
    def __init__(self, seed):
        self.rnd = rnd = random.Random(seed)
        self.zone, moment = MOMENTS[seed % len(MOMENTS)] if seed < len(MOMENTS) else rnd.choice(MOMENTS)
        zone = ZoneInfo(self.zone)
        self.now = int(D.datetime.fromisoformat(moment).replace(tzinfo=zone).timestamp())
        if seed >= len(MOMENTS):
            self.now += rnd.randrange(-40 * DAY, 40 * DAY)
        self.old = rnd.random() < 0.3
        self.today, self.yesterday = midnight(self.now, zone), midnight(self.now, zone, 1)
        self.currencies = rnd.sample(CURRENCIES, rnd.randint(1, 4))
        self.count = 0

    def id(self, kind):
        self.count += 1
        return "%s_%06d" % (kind, self.count)

    def edge(self):
        """A time, often one at which a window begins or ends, or one second off; never later than now."""
        rnd, now = self.rnd, self.now
        edges = [now, self.today, self.yesterday, self.yesterday + now - self.today]
        edges += [now - 7 * DAY, now - 14 * DAY, now - 30 * DAY, now - 60 * DAY]
        if rnd.random() < 0.4:
            return min(now, rnd.choice(edges) + rnd.choice([-1, 0, 1]))
        return now - int(rnd.random() ** 2 * rnd.choice([DAY, 8 * DAY, 33 * DAY, 70 * DAY, 500 * DAY]))

    # ------------------------------------------------------------ Stripe

    def coupon(self):
        rnd = self.rnd
        one = {"id": self.id("CODE"), "object": "coupon", "created": self.now - 900 * DAY, "valid": True, "metadata": {}}
        one.update(livemode=True, max_redemptions=None, redeem_by=None, times_redeemed=1, name="A coupon")
        one.update(percent_off=None, amount_off=None, currency=None, duration_in_months=None)
        if rnd.random() < 0.6:
            one["percent_off"] = rnd.choice([100.0, 50.0, 33.33, 12.5, 7.5, 1.0, 99.99, 25])
        else:
            one.update(amount_off=rnd.choice([1, 99, 500, 1000, 999999]), currency=rnd.choice(self.currencies))
        one["duration"] = rnd.choice(["forever", "forever", "once", "repeating"])
        if one["duration"] == "repeating":
            one["duration_in_months"] = rnd.randint(1, 24)
        self.coupons.append(one)
        return one

    def discount(self, **of):
        rnd = self.rnd
        coupon = rnd.choice(self.coupons) if self.coupons and rnd.random() < 0.5 else self.coupon()
        one = {"id": self.id("di"), "object": "discount", "start": self.now - 100 * DAY, "end": None}
        one.update(customer=None, subscription=None, subscription_item=None, invoice=None, invoice_item=None)
        one.update(checkout_session=None, promotion_code=rnd.choice([None, "promo_1"]), **of)
        if coupon["duration"] == "repeating":
            one["end"] = self.now + rnd.choice([-DAY, 0, 1, 90 * DAY])
        elif coupon["duration"] == "forever" and rnd.random() < 0.2:
            one["end"] = self.now + rnd.choice([-DAY, 0, 1, 90 * DAY])
        one["source"] = {"type": "coupon", "coupon": coupon["id"]}
        self.discounts[one["id"]] = one
        return one

    def price(self, currency, interval, count):
        rnd = self.rnd
        one = {"id": self.id("price"), "object": "price", "active": rnd.random() < 0.8, "created": self.now - 900 * DAY}
        one.update(currency=currency, livemode=True, metadata={}, product="prod_1", type="recurring", nickname="A price")
        one.update(lookup_key=None, custom_unit_amount=None, tax_behavior="unspecified", tiers_mode=None)
        one.update(billing_scheme="per_unit", transform_quantity=None, unit_amount=None, unit_amount_decimal=None)
        one["recurring"] = {"interval": interval, "interval_count": count, "usage_type": "licensed", "meter": None}
        kind = rnd.random()
        if kind < 0.12:
            one["recurring"].update(usage_type="metered", meter="mtr_1")
        if kind > 0.8:
            one.update(billing_scheme="tiered", tiers_mode=rnd.choice(["graduated", "volume"]), _tiers=self.tiers())
            return one
        if kind > 0.7:
            one["transform_quantity"] = {"divide_by": rnd.choice([2, 10, 1000]), "round": rnd.choice(["up", "down"])}
        if rnd.random() < 0.2:
            one["unit_amount_decimal"] = rnd.choice(["0.5", "12.5", "0.000000000001", "33.333333333333", "1999.99"])
        else:
            amount = rnd.choice([0, 1, 99, 1900, 4900, 49000, 999999, rnd.randint(1, 10**6)])
            one.update(unit_amount=amount, unit_amount_decimal=str(amount))
        return one

    def tiers(self):
        rnd, up_to, tiers = self.rnd, 0, []
        for last in [False] * rnd.randint(0, 3) + [True]:
            up_to += rnd.randint(1, 20)
            tier = {"up_to": None if last else up_to, "flat_amount": None, "flat_amount_decimal": None}
            tier.update(unit_amount=None, unit_amount_decimal=None)
            if rnd.random() < 0.8:
                amount = rnd.choice(["1000", "800", "7.25", "0"])
                tier.update(unit_amount=None if "." in amount else int(amount), unit_amount_decimal=amount)
            if rnd.random() < 0.3 or tier["unit_amount_decimal"] is None:
                tier.update(flat_amount=5000, flat_amount_decimal="5000")
            tiers.append(tier)
        return tiers

    def item(self, subscription, interval, count, discounts):
        rnd = self.rnd
        same = [one for one in self.prices if one["_of"] == (subscription["currency"], interval, count)]
        price = rnd.choice(same) if same and rnd.random() < 0.6 else None
        if price is None:
            price = self.price(subscription["currency"], interval, count)
            self.prices.append({**price, "_of": (subscription["currency"], interval, count)})
        metered = price["recurring"]["usage_type"] == "metered"
        # What a tiered price with nothing bought costs is not said.
        least = 1 if price["billing_scheme"] == "tiered" else 0
        shown = {key: value for key, value in price.items() if key not in ("_tiers", "_of")}
        one = {"id": self.id("si"), "object": "subscription_item", "created": subscription["created"], "price": shown}
        one.update(metadata={}, subscription=subscription["id"], tax_rates=[], billing_thresholds=None)
        one.update(current_period_start=self.now - 10 * DAY, current_period_end=self.now + 20 * DAY)
        if not metered:
            one["quantity"] = rnd.choice([1, 1, 1, 2, 5, 41, 1000, max(least, 0), rnd.randint(1, 60)])
        one["discounts"] = []
        if discounts and not self.old and rnd.random() < 0.15:
            found = self.discount(subscription=subscription["id"], subscription_item=one["id"])
            one["discounts"] = [found["id"]]
        return one

    def subscription(self, customer, currency):
        rnd, now = self.rnd, self.now
        status = rnd.choice(["active"] * 8 + ["canceled"] * 5 + ["past_due", "unpaid", "incomplete", "incomplete_expired"] + ["trialing", "paused"])
        created = self.edge()
        one = {"id": self.id("sub"), "object": "subscription", "status": status, "customer": customer, "created": created}
        one.update(start_date=created, currency=currency, collection_method="charge_automatically", livemode=True)
        one.update(cancel_at=None, cancel_at_period_end=False, canceled_at=None, ended_at=None, metadata={})
        one.update(trial_start=None, trial_end=None, pause_collection=None, latest_invoice=None, discounts=[])
        one.update(billing_cycle_anchor=created, default_tax_rates=[], days_until_due=None, description=None)
        interval, count = rnd.choice([("month", 1)] * 4 + [("year", 1), ("year", 2), ("month", 3), ("month", 6), ("week", 1), ("week", 2), ("day", 1), ("day", 10)])
        discounted = rnd.random() < 0.3
        has = self.of_customer.get(customer) is not None
        many = rnd.choice([1, 1, 1, 2, 3]) if rnd.random() < 0.97 else rnd.choice([11, 20, 120])
        items = [self.item(one, interval, count, discounted and not has) for _ in range(many)]
        # Only the first ten come with it; the others have a list of their own.
        more = many > 10 and not self.old
        one["items"] = {"object": "list", "data": items[:10] if more else items, "has_more": more, "url": "/v1/x"}
        self.items += items if more else []
        if discounted:
            found = [self.discount(subscription=one["id"]) for _ in range(1 if self.old else rnd.choice([1, 1, 2]))]
            for discount in found:
                # With which of two worlds a discount that is over is to be compared is not said.
                if discount["end"] is not None and (has or status == "canceled"):
                    discount["end"] = max(discount["end"], now + DAY)
            one["discounts"] = [discount["id"] for discount in found]
        self.state(one, status, created)
        return one

    def state(self, one, status, created):
        rnd, now = self.rnd, self.now
        if status in ("active", "past_due"):
            if rnd.random() < 0.2:
                one.update(cancel_at_period_end=True, cancel_at=now + 20 * DAY, canceled_at=min(now, created + HOUR))
            if rnd.random() < 0.15:
                one["pause_collection"] = {"behavior": rnd.choice(["void", "keep_as_draft"]), "resumes_at": None}
            if rnd.random() < 0.25:
                end = min(now, created + 14 * DAY)
                one.update(trial_start=created, trial_end=end)
        elif status == "trialing":
            one.update(trial_start=created, trial_end=now + rnd.randint(1, 14) * DAY)
        elif status in ("canceled", "incomplete_expired"):
            # What was created after the window began and what ended within it are both tried at its edges.
            ended = max(created, self.edge())
            one.update(ended_at=ended, canceled_at=ended)
            if rnd.random() < 0.3:
                one.update(trial_start=created, trial_end=rnd.choice([ended, ended + DAY, max(created, ended - 1)]))

    def stripe(self):
        rnd, now = self.rnd, self.now
        self.coupons, self.discounts, self.prices, self.items, self.of_customer = [], {}, [], [], {}
        customers, subscriptions = [], []
        for _ in range(rnd.choice([0, 1, 5, 30, 60])):
            one = {"id": self.id("cus"), "object": "customer", "created": self.edge(), "discount": None, "metadata": {}}
            one.update(name="Ада \u001b[31m%s" % one["id"], email=None, livemode=True, balance=0, currency=None)
            if rnd.random() < 0.15:
                one["discount"] = self.discount(customer=one["id"])
                self.of_customer[one["id"]] = one["discount"]
            customers.append(one)
        # Deleted customers are not listed, but what they had is.
        known = [one["id"] for one in customers] + [self.id("cus") for _ in range(3)]
        for customer in known:
            for _ in range(rnd.choice([0, 1, 1, 1, 2, 3])):
                subscriptions.append(self.subscription(customer, rnd.choice(self.currencies)))
        newest = lambda objects: sorted(objects, key=lambda one: -one["created"])
        charges, refunds, disputes = self.payments(known)
        payouts = [self.payout() for _ in range(rnd.randint(0, 8))]
        prices = [{key: value for key, value in one.items() if key != "_of"} for one in self.prices]
        files = {
            "customers": newest(customers),
            "subscriptions": newest(subscriptions),
            "charges": newest(charges),
            "refunds": newest(refunds),
            "disputes": newest(disputes),
            "payouts": newest(payouts),
            "prices": prices,
            "coupons": self.coupons,
            "subscription_items": self.items,
            "events": [],
        }
        lists = {name: {"object": "list", "has_more": False, "data": data} for name, data in files.items()}
        amounts = [{"currency": one, "amount": rnd.choice([0, -500, 10**9, rnd.randint(0, 10**6)])} for one in self.currencies]
        balance = {"object": "balance", "livemode": True, "available": amounts, "pending": amounts[:1]}
        return {**lists, "discounts": self.discounts, "balance": balance, "account": {"now": now, "timezone": self.zone}}

    def charge(self, customer, currency, created, status, intent):
        rnd = self.rnd
        amount = rnd.choice([50, 1900, 4900, 123456, rnd.randint(1, 10**6)])
        one = {"id": self.id("ch"), "object": "charge", "created": created, "currency": currency, "amount": amount}
        one.update(status=status, captured=status == "succeeded", paid=status == "succeeded", customer=customer)
        one.update(payment_intent=intent, amount_captured=amount if status == "succeeded" else 0, amount_refunded=0)
        one.update(failure_code=None, failure_message=None, livemode=True, disputed=False, refunded=False, metadata={})
        one["outcome"] = {"type": "authorized", "network_status": "approved_by_network", "reason": None}
        if status == "failed":
            kind = rnd.choice(["issuer_declined", "issuer_declined", "blocked", "invalid"])
            one.update(failure_code="card_declined", failure_message="Your card was declined.")
            one["outcome"] = {"type": kind, "network_status": "declined_by_network", "reason": "generic_decline"}
        elif status == "succeeded":
            kind = rnd.random()
            if kind < 0.1:
                one["amount_captured"] = max(1, amount // 3)
            elif kind < 0.2:
                one.update(captured=False, amount_captured=0)
        return one

    def payments(self, customers):
        rnd, charges, refunds, disputes = self.rnd, [], [], []
        for _ in range(rnd.choice([0, 3, 40, 130])):
            customer = rnd.choice(customers + [None])
            currency, created = rnd.choice(self.currencies), self.edge()
            intent = self.id("pi") if rnd.random() < 0.9 else None
            attempts = rnd.choice([["succeeded"]] * 5 + [["pending"], ["failed"], ["failed"] * 3, ["failed", "succeeded"], ["failed", "failed", "succeeded"]])
            if intent is None:
                attempts = attempts[:1]
            for status in attempts:
                one = self.charge(customer, currency, created, status, intent)
                if len(attempts) > 1 and status == "succeeded":
                    # Whether what is only authorized is a recovery is not said.
                    one.update(captured=True, amount_captured=one["amount"])
                charges.append(one)
                if created >= self.now:
                    break
                created = min(self.now, created + rnd.choice([1, 60, DAY, 3 * DAY, 9 * DAY]))
        for one in charges:
            if one["amount_captured"] > 0 and rnd.random() < 0.25:
                for _ in range(rnd.choice([1, 1, 2])):
                    back = {"id": self.id("re"), "object": "refund", "charge": one["id"], "currency": one["currency"]}
                    back["created"] = max(one["created"], self.edge())
                    back["amount"] = rnd.randint(1, one["amount_captured"])
                    back["status"] = rnd.choice(["succeeded"] * 3 + ["pending", "failed", "canceled", "requires_action"])
                    back.update(payment_intent=one["payment_intent"], reason=None, metadata={})
                    refunds.append(back)
            if one["status"] == "succeeded" and rnd.random() < 0.1:
                of = {"id": self.id("du"), "object": "dispute", "charge": one["id"], "amount": one["amount"]}
                of.update(currency=one["currency"], created=one["created"], reason="fraudulent", livemode=True, metadata={})
                words = ["needs_response", "warning_needs_response", "under_review", "warning_under_review", "won", "lost"]
                of["status"] = rnd.choice(words + ["warning_closed"])
                of["evidence_details"] = {"due_by": rnd.choice([None, self.now + 3 * DAY]), "past_due": False}
                of.update(payment_intent=one["payment_intent"])
                disputes.append(of)
        return charges, refunds, disputes

    def payout(self):
        rnd, created = self.rnd, self.edge()
        one = {"id": self.id("po"), "object": "payout", "created": created, "arrival_date": created, "amount": 5000}
        one.update(currency=rnd.choice(self.currencies), status=rnd.choice(["paid", "failed", "failed", "in_transit", "pending", "canceled"]))
        one.update(failure_code=None, failure_message=None, livemode=True, method="standard", metadata={})
        return one

    # ------------------------------------------------------------ GitLab

    def gitlab(self):
        rnd = self.rnd
        stamp = lambda t: D.datetime.fromtimestamp(t, D.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        project = {"id": 42, "name": "shop", "path_with_namespace": "acme/shop", "default_branch": "main"}
        project.update(web_url="https://gitlab.example.test/acme/shop", permissions={"project_access": None, "group_access": None})
        names = ["production"] + rnd.sample(["staging", "review/feature-x", "eu/production", "qa env"], rnd.randint(0, 3))
        environments = [{"id": 9 + n, "name": name, "slug": "e%d" % n, "external_url": None, "state": "available"} for n, name in enumerate(names)]
        users = [{"id": n, "username": name, "name": name.title(), "web_url": "https://gitlab.example.test/" + name} for n, name in enumerate(["ada", "li", "grace"], 1)]
        at, deployments, prefix = self.now - 60 * DAY, [], rnd.choice(["", "", "v"])
        minor, versions = 0, []
        for number in range(rnd.choice([0, 1, 12, 40, 120])):
            # Two in one second are told apart by their ids.
            at += rnd.choice([0, 1, HOUR, 5 * HOUR, 10 * HOUR])
            if at > self.now:
                break
            if not versions or rnd.random() < 0.6:
                minor += rnd.choice([1, 1, 1, 2, 8])
                versions.append("%s1.%d.%d" % (prefix, minor // 10, minor % 12))
            ref = rnd.choice([versions[-1]] * 4 + versions[-4:])
            environment = rnd.choice(environments)
            if environment["name"].startswith("review/"):
                # A branch; what it is to deploy one again at another commit is not said.
                if any(one["environment"] is environment for one in deployments):
                    continue
                ref = "feature-x"
            status = rnd.choice(["success"] * 8 + ["failed", "failed", "canceled", "skipped", "blocked", "created", "running"])
            over = status in ("success", "failed", "canceled")
            one = {"id": 300 + number, "iid": number + 1, "ref": ref, "sha": "%040x" % (number + 1), "status": status}
            one.update(created_at=stamp(at), updated_at=stamp(at + 30), finished_at=stamp(at + 30) if over else None)
            one.update(user=rnd.choice(users), environment=environment, deployable=None)
            if rnd.random() < 0.7:
                job = {"id": 5000 + number, "name": "deploy", "status": status, "stage": "deploy", "ref": ref, "tag": True}
                job.update(created_at=one["created_at"], started_at=stamp(at + 5) if over or status == "running" else None)
                job.update(finished_at=one["finished_at"], web_url="https://gitlab.example.test/acme/shop/-/jobs/%d" % job["id"])
                job["pipeline"] = {"id": 1000 + rnd.randint(0, number), "ref": ref, "sha": one["sha"], "status": status}
                job.update(user=one["user"], commit={"id": one["sha"], "short_id": one["sha"][:8], "title": "x"})
                one["deployable"] = job
            deployments.insert(0, one)
        empty = {name: [] for name in ("pipelines", "jobs", "tags", "merge_requests", "incidents", "releases")}
        return {**empty, "project": project, "environments": environments, "users": users, "deployments": deployments}

    # ------------------------------------------------------------ StatusCake

    def statuscake(self):
        rnd, now = self.rnd, self.now
        stamp = lambda t: D.datetime.fromtimestamp(t, D.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        checks, periods, events = [], {}, {}
        for number in range(rnd.choice([0, 1, 4, 5])):
            one = {"id": str(6000 + number), "name": "Check %d \u202e名" % number, "website_url": "https://%d.example.test" % number}
            one.update(test_type="HTTP", check_rate=60, contact_groups=[], paused=rnd.random() < 0.2, tags=["prod"], uptime=99.5)
            at, status, runs = now - 20 * DAY, "up", []
            for _ in range(rnd.choice([0, 1, 2, 6, 9])):
                length = rnd.choice([60, 240, HOUR, 5 * HOUR, DAY, 3 * DAY])
                if at + length > now:
                    break
                runs.append((status, at, at + length))
                at, status = at + length, "down" if status == "up" else "up"
            # What ended a day ago to the second is tried too.
            if runs and rnd.random() < 0.3 and runs[-1][1] < now - DAY and runs[-1][0] == "down":
                at = now - DAY + rnd.choice([-1, 0, 1])
                if at > runs[-1][1]:
                    runs[-1] = (*runs[-1][:2], at)
            one["status"] = status
            if rnd.random() < 0.6 and status == "up" and at < now - 5 * HOUR and not one["paused"]:
                runs.append(("up", at, now - 2 * HOUR))
                at, one["status"] = now - 2 * HOUR, "down"
            told = [{"status": s, "created_at": stamp(a), "ended_at": stamp(b), "duration": (b - a) * 1000} for s, a, b in runs]
            told.append({"status": one["status"], "created_at": stamp(at)})
            periods[one["id"]] = told[::-1]
            turns = [(s, a) for s, a, _ in runs[1:]] + ([(one["status"], at)] if runs else [])
            made = [{"id": str(90000 + 100 * number + n), "status": s, "status_code": 502 if s == "down" else 200, "triggered_at": stamp(a)} for n, (s, a) in enumerate(turns)]
            events[one["id"]] = made[::-1]
            checks.append(one)
        beats = []
        for number in range(rnd.randint(0, 3)):
            beat = {"id": str(900 + number), "name": "backup %d" % number, "period": DAY, "contact_groups": [], "tags": []}
            beat.update(paused=rnd.random() < 0.3, status=rnd.choice(["up", "down"]), uptime=99.0)
            beats.append({**beat, "url": "https://push.statuscake.com/?PK=sEcReT&TestID=9"})
        full = {one["id"]: {**one, "last_tested_at": stamp(now - 60), "processing": False} for one in checks}
        files = {"uptime": checks, "uptime_full": full, "periods": periods, "alerts": events, "history": {}}
        return {**files, "heartbeat": beats, "ssl": self.certificates(stamp), "pagespeed": [], "contact-groups": [], "maintenance-windows": []}

    def certificates(self, stamp):
        rnd, made = self.rnd, []
        for number in range(rnd.randint(0, 4)):
            until = self.now + rnd.choice([-DAY, HOUR, 5 * DAY, 29 * DAY, 31 * DAY, 90 * DAY])
            names = ("is_expired", "is_broken", "is_missing", "is_revoked", "has_mixed", "has_pfs", "is_extended", "follow_redirects")
            flags = dict.fromkeys(names, False)
            flags["is_expired"] = until < self.now
            if rnd.random() < 0.2:
                flags[rnd.choice(["is_broken", "is_revoked", "has_mixed"])] = True
            one = {"id": str(800 + number), "website_url": "https://c%d.example.test" % number, "paused": rnd.random() < 0.2}
            one.update(certificate_status="CERT_OK", flags=flags, alert_at=[1, 7, 30], valid_until=stamp(until), check_rate=DAY)
            one.update(contact_groups=[], valid_from=stamp(until - 90 * DAY), updated_at=stamp(self.now), alert_expiry=True)
            one.update(alert_broken=True, alert_mixed=False, alert_reminder=True, issuer_common_name="R11", mixed_content=[])
            made.append(one)
        return made


def main(seed, folder):
    company = Company(int(seed))
    for service in ("stripe", "gitlab", "statuscake"):
        os.makedirs(os.path.join(folder, service), exist_ok=True)
        for name, data in getattr(company, service)().items():
            with open(os.path.join(folder, service, name + ".json"), "w", encoding="utf8") as file:
                json.dump(data, file, ensure_ascii=False)
    json.dump({"zone": company.zone, "now": company.now, "old": company.old}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
