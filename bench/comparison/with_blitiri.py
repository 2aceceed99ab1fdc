"""blitiri.com.ar/go/spf, in Go, with a resolver that has ready-made answers; see rivals/blitiri.go."""

from bench.comparison.protocol import RIVALS, foreign

if __name__ == "__main__":
    foreign("blitiri", RIVALS / "blitiri", [str(RIVALS / "blitiri")])
