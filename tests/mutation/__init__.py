"""Changes service/clinical/ in thousands of small ways, one at a time: does a test notice each?

The changes are those of mutmut. Each is made in a process of its own, forked when the tests are
collected and the content is read, and judged by the tests that run through the changed function.
"""
