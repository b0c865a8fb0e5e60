from tests.helper.checks.passes import passes

is_misnamed = passes
