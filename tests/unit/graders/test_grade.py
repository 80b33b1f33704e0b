from evald.graders.grade import FAIL, PASS, errored


def test_a_passed_check_scores_one_and_a_failed_one_zero() -> None:
    assert (PASS.score, PASS.passed) == (1.0, True)
    assert (FAIL.score, FAIL.passed) == (0.0, False)


def test_an_errored_grade_has_not_passed_and_says_why() -> None:
    grade = errored("unresolved_variable", "It is not there.")

    assert (grade.score, grade.passed) == (0.0, False)
    assert grade.error is not None
    assert grade.error.model_dump() == {
        "code": "unresolved_variable",
        "message": "It is not there.",
    }


def test_a_grade_of_a_grader_that_asked_nobody_cost_nothing() -> None:
    assert PASS.usage == {}
    assert PASS.sample is None
