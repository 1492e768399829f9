"""The optical shops: quotes, the lines of the sales they become, third-party claims and purchase prices.

All follow from a *visit*: a customer is quoted a pair of glasses (often two) or contact lenses, and buys, refuses or
lets the quote expire. Who bought comes back after two to three years, or doesn't. Some sales have no quote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.sample import tally
from lake.sample.columns import (
    Cents,
    Days,
    Ints,
    Mask,
    cents,
    codes,
    dates,
    decimals,
    even,
    instants,
    pick,
    replace,
    strings,
    without_vat,
)
from lake.sample.days import happened, known, last_days, next_open, until
from lake.sample.dirt import FULL, GENTLE
from lake.sample.optical_catalogue import CONTACT, EXTRA, FRAME, LENS, Catalogue, catalogue
from lake.sample.optical_visits import DESIGNS, OUTCOMES, STAGES, Visits, visits
from lake.sample.sink import Sink
from lake.sample.truth import Truth
from lake.sample.world import World

_VAT_PER_MILLE = 200
_ITEMS = ("frame", "left_lens", "right_lens", "contact_lenses", "extra")
_REFUSALS = ("price", "cover", "competitor", "delay", "other")
_REJECTIONS = ("R01", "R02", "R03", "R04", "R05", "R09")


@dataclass(frozen=True)
class Lines:
    """What is quoted, and sold if the visit ends so: one row per line, by visit. `pair` 0 means none."""

    visit: Ints
    pair: Ints
    item: Ints
    product: Ints
    is_a: Mask
    quantity: Ints
    price: Cents
    discount: Cents
    amo: Cents
    amc: Cents


def generate(world: World, sink: Sink) -> None:
    """Deliver the four optical sources of every structure, and their truth."""
    for structure in world.structures_of("optical"):
        name = structure.structure_id
        rng = world.rng("optical", name)
        products = catalogue(world.rng("optical", name, "catalogue"), world.first, world.last)
        sink.deliver("optical_purchases", name, products.prices(), dirt=GENTLE)
        lasts = last_days(world, "optical", name)
        parts = [
            part
            for tenure in world.tenures_of("optical", name)
            for part in visits(world, rng, tenure, lasts[tenure.site.site_id])
        ]
        if not parts:
            continue
        came = Visits.join(parts)
        lines = _lines(rng, came, products)
        quote, sale = world.ids("DV", name, len(came.site)), world.ids("VE", name, len(came.site))

        table = known(world, _quotes(rng, came, lines, quote, sale), "decided_on")
        quotes = sink.deliver("optical_quotes", name, table, dirt=GENTLE, correct=_requoted)
        every = _sale_lines(world, rng, came, lines, products, quote, sale)
        table = known(world, every, "sold_on")
        table = pa.concat_tables([table, _credit_notes(world, rng, name, table, len(came.site))])
        sold = sink.deliver("optical_sale_lines", name, table, dirt=FULL, correct=_rebated)
        before = every.filter(pc.invert(pc.is_in(every["sale_id"], table["sale_id"])))
        table = known(world, _claims(world, rng, name, came, sale, [before, sold]), "answered_on")
        claims = sink.deliver("optical_claims", name, table, dirt=FULL, correct=_reclaimed)
        _tell(sink.truth, name, quotes, sold, claims)


def _lines(rng: np.random.Generator, v: Visits, products: Catalogue) -> Lines:
    """A frame and two lenses for each pair; contact lenses alone; now and then an extra."""
    count = len(v.site)
    glasses = np.flatnonzero(~v.is_contact)
    second = glasses[even(rng, len(glasses)) < 0.36]
    contact = np.flatnonzero(v.is_contact)
    extra = np.flatnonzero(rng.random(count) < 0.12)
    # (visits, pair, item, family)
    groups = [
        *((glasses, 1, item, FRAME if item == 0 else LENS) for item in (0, 1, 2)),
        *((second, 2, item, FRAME if item == 0 else LENS) for item in (0, 1, 2)),
        (contact, 0, 3, CONTACT),
        (extra, 0, 4, EXTRA),
    ]
    visit = np.concatenate([g[0] for g in groups])
    pair = np.concatenate([np.full(len(g[0]), g[1]) for g in groups])
    item = np.concatenate([np.full(len(g[0]), g[2]) for g in groups])
    family = np.concatenate([np.full(len(g[0]), g[3]) for g in groups])
    order = np.lexsort((item, np.where(pair == 0, 9, pair), visit))
    visit, pair, item, family = visit[order], pair[order], item[order], family[order]

    is_first = pair == 1
    is_a = is_first & np.where(item == 0, v.is_frame_a[visit], v.is_lens_a[visit])
    # Both lenses of a pair are the same product: they share their luck.
    luck = rng.random((count, 4))[visit, family]
    product = products.choose(luck, family, is_a, pair == 2, v.design[visit])
    quantity = np.where(family == CONTACT, 1 + pick(rng, len(visit), (3, 4, 1, 1)), 1)
    list_price = products.price[product] * quantity
    sways = rng.random(len(visit)) < 0.5
    percent = np.where(is_a | ~sways, 100, 92 + 4 * pick(rng, len(visit), (1, 1, 1, 1, 1)))
    list_price = list_price * percent // 100
    share = np.where(rng.random(count) < 0.18, 5 * (1 + pick(rng, count, (3, 2, 1))), 0)[visit]
    discount = np.where(is_a, 0, list_price * share // 100)
    price = list_price - discount
    amo = np.where(is_a, price * 18 // 100, np.where(is_first, np.minimum(price, np.where(item == 0, 3, 9)), 0))
    percent = (60 + 5 * pick(rng, count, (1, 2, 3, 3, 2, 1)))[visit]
    covered = np.where(item == 0, np.minimum(price, 10_000), price * percent // 100)
    covered = np.where(is_first, covered, np.where(family == CONTACT, price * 30 // 100, 0))
    amc = np.where(is_a, price - amo, np.minimum(covered, price - amo))
    return Lines(visit, pair, item, product, is_a, quantity, price, discount, amo, amc)


def _quotes(rng: np.random.Generator, v: Visits, lines: Lines, quote: pa.Array, sale: pa.Array) -> pa.Table:
    kept = np.flatnonzero(v.has_quote)
    amount, amo, amc = (
        np.bincount(lines.visit, part, len(v.site)).round().astype(np.int64)[kept]
        for part in (lines.price, lines.amo, lines.amc)
    )
    v, index = v.take(kept), pa.array(kept)
    count = len(kept)
    is_sold, is_pending = v.outcome == 1, v.outcome == 0
    return pa.table(
        {
            "quote_id": quote.take(index),
            "site_id": strings(v.site),
            "person_id": strings(v.person),
            "optician_code": strings(v.optician),
            "equipment": codes(("glasses", "contact_lenses"), np.where(v.is_contact, 1, 0)),
            "lens_design": codes(DESIGNS, v.design, null=v.is_contact),
            "is_class_a": pa.array(v.is_lens_a & ~v.is_contact),
            "amount_eur": decimals(amount),
            "amo_eur": decimals(amo),
            "amc_eur": decimals(amc),
            "last_stage": codes(STAGES, v.stage),
            "outcome": codes(OUTCOMES, v.outcome),
            "refusal_reason": codes(_REFUSALS, pick(rng, count, (0.36, 0.22, 0.2, 0.08, 0.14)), null=v.outcome != 2),
            "sale_id": pc.if_else(pa.array(is_sold), sale.take(index), None),
            "quoted_on": dates(v.quoted),
            "decided_on": dates(v.decided),
            "changed_at": instants(rng, np.where(is_pending, v.quoted, v.decided)),
        }
    )


def _requoted(quotes: pa.Table, rng: np.random.Generator) -> pa.Table:
    """A correction of quotes: up to one euro less is expected from the insurer."""
    less = np.minimum(100, cents(quotes["amc_eur"]))
    changed = {column: decimals(cents(quotes[column]) - less) for column in ("amount_eur", "amc_eur")}
    return replace(quotes, changed)


def _sale_lines(world: World, rng: np.random.Generator, came: Visits, lines: Lines, products: Catalogue,
                quote: pa.Array, sale: pa.Array) -> pa.Table:  # fmt: skip
    kept = np.flatnonzero(happened(came.sold)[lines.visit])
    visit, item, pair = lines.visit[kept], lines.item[kept], lines.pair[kept]
    v = came.take(visit)
    count = len(kept)
    starts = np.flatnonzero(np.append(True, visit[1:] != visit[:-1])) if count else np.zeros(0, np.int64)
    number = np.arange(count) - np.repeat(starts, np.diff(np.append(starts, count))) + 1
    price = lines.price[kept]
    ready = came.sold + rng.integers(5, 16, len(came.site)) * ~came.is_contact
    delivered = until(next_open(world, "optical", ready), came.last)[visit]
    is_glass = np.isin(item, (1, 2))
    return pa.table(
        {
            "sale_id": sale.take(pa.array(visit)),
            "line_number": pa.array(number, pa.int64()),
            "site_id": strings(v.site),
            "person_id": strings(v.person),
            "quote_id": pc.if_else(pa.array(v.has_quote), quote.take(pa.array(visit)), None),
            "optician_code": strings(v.optician),
            "pair_number": pa.array(pair, pa.int64(), mask=pair == 0),
            "item": codes(_ITEMS, item),
            "item_class": codes(("A", "B"), np.where(lines.is_a[kept], 0, 1), null=item > 2),
            "lens_design": codes(DESIGNS, v.design, null=~is_glass),
            "product_code": strings(products.code[lines.product[kept]]),
            "quantity": pa.array(lines.quantity[kept], pa.int64()),
            "discount_eur": decimals(lines.discount[kept]),
            "net_eur": decimals(price),
            "net_excl_vat_eur": decimals(without_vat(price, _VAT_PER_MILLE)),
            "amo_eur": decimals(lines.amo[kept]),
            "amc_eur": decimals(lines.amc[kept]),
            "household_eur": decimals(price - lines.amo[kept] - lines.amc[kept]),
            "is_third_party": pa.array(v.is_third_party),
            "sold_on": dates(v.sold),
            "delivered_on": dates(delivered),
            "changed_at": instants(rng, v.sold),
        }
    )


def _credit_notes(world: World, rng: np.random.Generator, name: str, sold: pa.Table, taken: int) -> pa.Table:
    """What is taken back of some sales, whole, in the two months after: negative lines, dated by their own day.

    They are numbered after the sales, which have so many numbers `taken`.
    """
    sales = sold.group_by("sale_id").aggregate([("sold_on", "max")]).sort_by("sale_id")
    back = rng.random(len(sales)) < 0.006
    day = next_open(world, "optical", sales["sold_on_max"].to_numpy()[back] + rng.integers(5, 60, int(back.sum())))
    notes = pa.table({"sale_id": sales["sale_id"].filter(pa.array(back)), "day": dates(day)})
    notes = notes.append_column("note_id", world.ids("VE", name, len(notes), offset=taken))
    lines = sold.filter(pc.is_in(sold["sale_id"], notes["sale_id"]))
    which = pc.index_in(lines["sale_id"], notes["sale_id"])
    noted = notes["day"].take(which)
    amounts = [c for c in lines.column_names if c.endswith("_eur")]
    changed = {column: pc.negate(lines[column]) for column in (*amounts, "quantity")}
    changed |= {"sale_id": notes["note_id"].take(which), "sold_on": noted, "delivered_on": noted}
    changed |= {"quote_id": pa.nulls(len(lines), pa.string())}
    changed |= {"changed_at": instants(rng, noted.to_numpy())}
    return known(world, replace(lines, changed), "sold_on")


def _rebated(lines: pa.Table, rng: np.random.Generator) -> pa.Table:
    """A correction of sale lines: one cent to one euro of the household's share is given up, else of the insurer's."""
    was = {c: cents(lines[c]) for c in ("net_eur", "discount_eur", "household_eur", "amc_eur")}
    sign = np.where(was["net_eur"] < 0, -1, 1)  # of a credit note less is given back
    rebate = np.minimum(100, np.maximum(was["household_eur"] * sign, was["amc_eur"] * sign)) * sign
    by_household = was["household_eur"] * sign >= rebate * sign
    net = was["net_eur"] - rebate
    changed = {
        "net_eur": net,
        "discount_eur": was["discount_eur"] + rebate,
        "net_excl_vat_eur": without_vat(net, _VAT_PER_MILLE),
        "household_eur": was["household_eur"] - np.where(by_household, rebate, 0),
        "amc_eur": was["amc_eur"] - np.where(by_household, 0, rebate),
    }
    return replace(lines, {column: decimals(values) for column, values in changed.items()})


def _claims(world: World, rng: np.random.Generator, name: str, came: Visits, sale: pa.Array,
            sold: list[pa.Table]) -> pa.Table:  # fmt: skip
    """What is asked of both payers for the lines that were sold in the end, their returns, and second attempts."""
    sums = [("amo_eur", "sum"), ("amc_eur", "sum")]
    paid = pa.concat_tables(part.select(["sale_id", "is_third_party", "amo_eur", "amc_eur"]) for part in sold)
    by_sale = paid.filter(paid["is_third_party"]).group_by("sale_id").aggregate(sums).sort_by("sale_id")
    by_sale = by_sale.filter(pc.is_in(by_sale["sale_id"], sale))  # nothing is asked for a credit note
    visit = pc.index_in(by_sale["sale_id"], sale).to_numpy()
    visit = np.concatenate([visit, visit])
    claimed = np.concatenate([cents(by_sale["amo_eur_sum"]), cents(by_sale["amc_eur_sum"])])
    is_amc = np.arange(len(visit)) >= len(by_sale)
    visit, claimed, is_amc = visit[claimed > 0], claimed[claimed > 0], is_amc[claimed > 0]
    sent = next_open(world, "optical", came.sold[visit] + rng.integers(0, 8, len(visit)))
    answered, is_rejected = _answers(rng, sent, is_amc, came.last[visit])
    anew = np.flatnonzero(is_rejected & (rng.random(len(visit)) < 0.7))
    sent_anew = next_open(world, "optical", answered[anew] + rng.integers(2, 15, len(anew)))
    answered_anew, is_rejected_anew = _answers(rng, sent_anew, is_amc[anew], came.last[visit[anew]])

    visit, claimed = np.concatenate([visit, visit[anew]]), np.concatenate([claimed, claimed[anew]])
    sent, answered = np.concatenate([sent, sent_anew]), np.concatenate([answered, answered_anew])
    is_amc, is_rejected = np.concatenate([is_amc, is_amc[anew]]), np.concatenate([is_rejected, is_rejected_anew])
    kept = np.flatnonzero(sent <= came.last[visit])
    visit, claimed, sent, answered = visit[kept], claimed[kept], sent[kept], answered[kept]
    is_amc, is_rejected, v = is_amc[kept], is_rejected[kept], came.take(visit)
    is_sent = ~happened(answered)
    reason = pick(rng, len(visit), (0.3, 0.2, 0.15, 0.2, 0.05, 0.1))
    return pa.table(
        {
            "claim_id": world.ids("FT", name, len(visit)),
            "site_id": strings(v.site),
            "person_id": strings(v.person),
            "sale_id": sale.take(pa.array(visit)),
            "payer": codes(("AMO", "AMC"), is_amc.astype(np.int64)),
            "status": codes(("sent", "paid", "rejected"), np.where(is_sent, 0, np.where(is_rejected, 2, 1))),
            "rejection_code": codes(_REJECTIONS, reason, null=~is_rejected),
            "claimed_eur": decimals(claimed),
            "paid_eur": decimals(np.where(is_rejected, 0, claimed), null=is_sent),
            "sent_on": dates(sent),
            "answered_on": dates(answered),
            "changed_at": instants(rng, np.where(is_sent, sent, answered)),
        }
    )


def _reclaimed(claims: pa.Table, rng: np.random.Generator) -> pa.Table:
    """A correction of claims: one cent less was asked, and paid."""
    claimed = cents(claims["claimed_eur"]) - 1
    is_paid = pc.equal(claims["status"], "paid")
    paid = pc.if_else(is_paid, decimals(claimed), claims["paid_eur"].combine_chunks())
    return replace(claims, {"claimed_eur": decimals(claimed), "paid_eur": paid})


def _answers(rng: np.random.Generator, sent: Days, is_amc: Mask, last: Days) -> tuple[Days, Mask]:
    """When payers answer (statutory: a week; insurers: three weeks), and which claims they reject."""
    delay = np.where(is_amc, 5 + rng.gamma(2.2, 7.5, len(sent)), 3 + rng.gamma(2.0, 2.0, len(sent)))
    answered = until(sent + delay.astype(np.int64), last)
    return answered, happened(answered) & (even(rng, len(sent), 40) < np.where(is_amc, 0.065, 0.035))


def _tell(truth: Truth, name: str, quotes: pa.Table, sold: pa.Table, claims: pa.Table) -> None:
    """What the indicators of one structure must say, by year."""
    pair = pc.if_else(
        pc.is_valid(sold["pair_number"]),
        pc.binary_join_element_wise(sold["sale_id"], pc.cast(sold["pair_number"], pa.string()), "-"),
        None,
    )
    sold = sold.append_column("pair", pair)
    is_sale, is_first = pc.greater(sold["quantity"], 0), pc.equal(sold["pair_number"], 1)
    is_lens = pc.is_in(sold["item"], pa.array(["left_lens", "right_lens"]))
    is_class_a = pc.fill_null(pc.equal(sold["item_class"], "A"), False)
    is_rejected = pc.equal(claims["status"], "rejected")
    figures: Mapping[str, Mapping[int, Decimal | int]] = {
        "optical_net_sales_eur": tally.total(sold, "sold_on", "net_eur"),
        "optical_class_a_sales_eur": tally.total(sold, "sold_on", "net_eur", is_class_a),
        "optical_household_eur": tally.total(sold, "sold_on", "household_eur"),
        "optical_sales": tally.distinct(sold, "sold_on", "sale_id", is_sale),
        "optical_pairs_sold": tally.distinct(sold, "sold_on", "pair", pc.and_(is_sale, pc.is_valid(pair))),
        "optical_first_pairs": tally.distinct(sold, "sold_on", "pair", pc.and_(is_sale, is_first)),
        "optical_second_pairs": tally.distinct(sold, "sold_on", "pair", pc.and_(is_sale, pc.invert(is_first))),
        "optical_lenses_sold": tally.count(sold, "sold_on", pc.and_(is_sale, is_lens)),
        "optical_class_a_lenses": tally.count(sold, "sold_on", pc.and_(pc.and_(is_sale, is_lens), is_class_a)),
        "optical_quotes_decided": tally.count(quotes, "decided_on", pc.not_equal(quotes["outcome"], "pending")),
        "optical_quotes_sold": tally.count(quotes, "decided_on", pc.equal(quotes["outcome"], "sold")),
        "optical_claims_answered": tally.count(claims, "answered_on", pc.is_valid(claims["answered_on"])),
        "optical_claims_rejected": tally.count(claims, "answered_on", is_rejected),
        "optical_claims_rejected_eur": tally.total(claims, "answered_on", "claimed_eur", is_rejected),
    }
    for metric, by_year in figures.items():
        for year, value in by_year.items():
            truth.add("optical", name, year, metric, value)
