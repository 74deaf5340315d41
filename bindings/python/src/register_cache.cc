// A store behind a cache in Redis, where the module is built with it.

#include <pybind11/stl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "fairpull/store/cached_store.h"
#include "register.h"
#include "store_handle.h"
#ifdef FAIRPULL_WITH_REDIS
#include "fairpull/store/redis_cache.h"
#endif

namespace fairpull::python {
namespace {

namespace py = pybind11;

#ifdef FAIRPULL_WITH_REDIS
CacheReport ReportOf(const RedisCache& cache) {
  const RedisCounters counters = cache.counters();
  return {.counters = {{"hits", counters.hits},
                       {"misses", counters.misses},
                       {"errors", counters.errors},
                       {"skipped", counters.skipped},
                       {"opened", counters.opened},
                       {"servers", counters.servers},
                       {"servers_skipped", counters.servers_skipped}},
          .last_error = cache.last_error()};
}

std::shared_ptr<StoreHandle> OpenCached(const std::string& url,
                                        const std::string& cache_url,
                                        const std::string& name,
                                        std::int64_t timeout_ms) {
  // The cache first: it only reads its url, and opening a store may make one.
  const std::shared_ptr<RedisCache> cache = ValueOrThrow(
      OpenRedisCache(cache_url, {.redis = {.connect_timeout_ms = timeout_ms,
                                           .command_timeout_ms = timeout_ms},
                                 .name = name}));
  std::unique_ptr<Store> store =
      NewCachedStore(ValueOrThrow(Store::Open(url)), cache);
  // The store keeps it, and is there when a report is asked for.
  const std::weak_ptr<RedisCache> weak = cache;
  return std::make_shared<StoreHandle>(std::move(store), [weak] {
    const std::shared_ptr<RedisCache> reported = weak.lock();
    return reported == nullptr ? CacheReport() : ReportOf(*reported);
  });
}
#else
std::shared_ptr<StoreHandle> OpenCached(const std::string& /*url*/,
                                        const std::string& /*cache_url*/,
                                        const std::string& /*name*/,
                                        std::int64_t /*timeout_ms*/) {
  throw StatusError(absl::InvalidArgumentError(
      "this module was built without Redis; build it with pip install "
      "--config-settings=cmake.define.FAIRPULL_WITH_REDIS=ON"));
}
#endif

}  // namespace

void RegisterCache(py::module_& module) {
  module.def("open_cached_store", &OpenCached, py::arg("url"),
             py::arg("cache_url"), py::arg("name"), py::arg("timeout_ms"),
             py::call_guard<py::gil_scoped_release>());
  module.def(
      "cache_report",
      [](const std::shared_ptr<StoreHandle>& store)
          -> std::optional<
              std::pair<std::map<std::string, std::int64_t>, std::string>> {
        const std::optional<CacheReport> report = store->Report();
        if (!report.has_value()) return std::nullopt;
        return std::make_pair(report->counters, report->last_error);
      },
      py::arg("store"));
}

}  // namespace fairpull::python
