"""libspf2, in C, with our own DNS layer that has ready-made answers; see rivals/libspf2.c."""

from bench.comparison.protocol import RIVALS, foreign

if __name__ == "__main__":
    foreign("libspf2", RIVALS / "libspf2", [str(RIVALS / "libspf2")])
