"""The page on which people try SPF: `spfengine ui` on one's own machine, and the playground, which runs in a browser.

Data flows one way: JSON of the page → a `Request` (`requests`) → an answer as JSON (`answers`), whose HTML is that of
`report`. `server` is the only module that the playground does not use: there, a worker in the browser calls `answers`.
"""
