// How a server means to carry out a statement of the store.

#ifndef FAIRPULL_TESTS_STORE_POSTGRES_PLANS_H_
#define FAIRPULL_TESTS_STORE_POSTGRES_PLANS_H_

#include <string>

namespace fairpull {

// The plan of `sql` on the database at `url`, in a session that has carried out
// `settings`; or the error.
std::string PlanOf(const std::string& url, const std::string& settings,
                   const std::string& sql);

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_POSTGRES_PLANS_H_
