"""The gacha service: banners, odds, pulls and their history."""
