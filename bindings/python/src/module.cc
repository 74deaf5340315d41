// fairpull._core: private; the package fairpull wraps it.

#include <pybind11/pybind11.h>

#include "fairpull/base/version.h"
#include "register.h"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The compiled core of fairpull; use the package fairpull.";
  module.attr("__version__") = fairpull::kVersion;
  fairpull::python::RegisterErrors(module);
  fairpull::python::RegisterBanner(module);
  fairpull::python::RegisterAnalysis(module);
  fairpull::python::RegisterStore(module);
  fairpull::python::RegisterCache(module);
  fairpull::python::RegisterService(module);
  fairpull::python::RegisterSimulation(module);
}
