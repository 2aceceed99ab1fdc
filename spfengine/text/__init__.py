"""What people see of each object, as lines of plain text: one module for each verb.

`lines` has the lines themselves. The command turns their styles into colours; the method `render()` of each object
returns them without.
"""
