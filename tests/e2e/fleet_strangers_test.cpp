#include "e2e/fleet_fixture.hpp"
