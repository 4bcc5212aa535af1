"""What there is to buy: categories, what goes with what, and products with prices."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from features.datasets.simulator.customers import TASTES
from features.datasets.simulator.period import Floats, Ints, pick

PER_CATEGORY = 20
"""Products in a category; product number = category number × 20 + rank."""

FAVOUR = 5.0
"""How many times as likely a category is for the taste that favours it."""

CONCENTRATION = 8.0
"""Sum of the Dirichlet parameters: the higher, the more alike are customers of one taste."""


class Category(NamedTuple):
    """A category, the taste that favours it, what is bought along with it, and its median price."""

    name: str
    taste: str
    complement: str
    price: float


CATEGORIES = [  # most popular first
    Category("vegetables", "cook", "meat", 2.5),
    Category("drinks", "family", "snacks", 3.0),
    Category("cleaning", "home", "laundry", 4.5),
    Category("meat", "cook", "vegetables", 7.0),
    Category("snacks", "family", "drinks", 2.0),
    Category("laundry", "home", "cleaning", 8.0),
    Category("cheese", "cook", "wine", 5.0),
    Category("baby", "family", "toys", 11.0),
    Category("garden", "home", "tools", 14.0),
    Category("wine", "cook", "cheese", 9.0),
    Category("toys", "family", "baby", 16.0),
    Category("tools", "home", "garden", 22.0),
]
NAMES = [category.name for category in CATEGORIES]
POPULARITY = 1 / np.arange(1, len(CATEGORIES) + 1) ** 0.7
FAVOURED_BY = np.array([TASTES.index(category.taste) for category in CATEGORIES])
COMPLEMENT = np.array([NAMES.index(category.complement) for category in CATEGORIES])


def products(rng: np.random.Generator) -> pd.DataFrame:
    """Give the table `products`: prices lognormal around the category's median, own brands a fifth cheaper."""
    category = np.repeat(np.arange(len(CATEGORIES)), PER_CATEGORY)
    own = rng.random(len(category)) < 0.35
    median = np.array([one.price for one in CATEGORIES])[category] * np.where(own, 0.8, 1.0)
    return pd.DataFrame(
        {
            "product_id": pd.array([f"P{number:04d}" for number in range(1, len(category) + 1)], dtype="str"),
            "category": pick(NAMES, category),
            "price": np.maximum(np.rint(100 * rng.lognormal(np.log(median), 0.4)), 50) / 100,
            "brand": pick(["national", "own"], own.astype(np.int64)),
        }
    )


def categories() -> pd.DataFrame:
    """Give the truth about categories: the taste that favours each, and what is bought along with it."""
    return pd.DataFrame(CATEGORIES).drop(columns="price").rename(columns={"name": "category"})


def preferences(rng: np.random.Generator, taste: Ints) -> Floats:
    """Draw each customer's share of every category, customers × categories: Dirichlet around the taste's curve."""
    favoured = np.arange(len(TASTES))[:, np.newaxis] == FAVOURED_BY
    curve = POPULARITY * np.where(favoured, FAVOUR, 1.0)
    curve /= curve.sum(axis=1, keepdims=True)
    weight = rng.standard_gamma(CONCENTRATION * curve[taste])
    share: Floats = weight / weight.sum(axis=1, keepdims=True)
    return share
