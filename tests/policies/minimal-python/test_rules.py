import os
import tempfile
import unittest

import rules


class Rules(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def create(self, name):
        open(f"{self.root}/{name}", "w").close()

    def test_build_is_found_beside_pyproject_toml(self):
        self.assertEqual(rules.auto(self.root), ([], []))
        self.create("pyproject.toml")
        reserved = ("build", "reserved", "beside pyproject.toml")
        self.assertEqual(rules.auto(self.root), ([reserved], []))
        os.mkdir(f"{self.root}/build")
        self.assertEqual(rules.auto(self.root)[0][0][1], "built")

    def test_a_link_is_reported_and_not_hidden(self):
        self.create("setup.py")
        os.symlink("elsewhere", f"{self.root}/build")
        self.assertEqual(rules.auto(self.root), ([], [("build", "is a link and is not hidden")]))

    def test_directories_are_added_and_excepted(self):
        self.create("setup.py")
        build = ("build", "reserved", "beside setup.py")
        added = [build, ("new", "reserved", "listed")]
        self.assertEqual(rules.auto(self.root, also=["new", "build"]), (added, []))
        self.assertEqual(rules.auto(self.root, excepted=["build"]), ([], []))

    def test_what_is_listed_is_found_sorted(self):
        os.mkdir(f"{self.root}/src")
        listed = [("new", "reserved", "listed"), ("src", "unmarked", "listed")]
        self.assertEqual(rules.listed(self.root, ["src", "new"]), listed)
