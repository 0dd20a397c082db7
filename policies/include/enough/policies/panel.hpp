#pragma once

// What decides on a panel: the votes, when it may end, and which traces are cut.
#include <enough/policies/deepconf.hpp>
#include <enough/policies/panel_stop.hpp>
#include <enough/policies/vote.hpp>
