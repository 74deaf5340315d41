// The same random sequence of requests has the same answers on every store,
// and leaves sound books.

#ifndef FAIRPULL_TESTS_STORE_RANDOM_LEDGER_H_
#define FAIRPULL_TESTS_STORE_RANDOM_LEDGER_H_

#include "store/conformance.h"

namespace fairpull {

// Fails the test where the adapter's store answers otherwise than the memory
// store does to one of so many sequences of 40 requests, each of two new
// players, or where an outcome of the ledger is never met.
void ExpectAnswersAsInMemory(const StoreAdapter& adapter, int sequences);

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_RANDOM_LEDGER_H_
