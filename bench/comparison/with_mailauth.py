"""mailauth, for Node, with a resolver that has ready-made answers; see rivals/mailauth.js."""

from bench.comparison.protocol import PROGRAMS, RIVALS, foreign

if __name__ == "__main__":
    foreign("mailauth", RIVALS / "node_modules" / "mailauth", ["node", str(PROGRAMS / "mailauth.js")])
