from pickle_migrate.operations import Operation


def compile_chain(steps):
    def run(state):
        if type(state) is dict:
            state = dict(state)
        for s in steps:
            for o in s.operations:
                r = o.apply(state, s.ref, s.version) if isinstance(o, Operation) else o(state)
                if r is not None:
                    state = r
        return state

    return run
