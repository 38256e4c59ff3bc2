package main

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
)

// doorRegistry has the figures of doors of an estate whose server holds three.
func doorRegistry(t *testing.T) (*prometheus.Registry, *store.Store) {
	t.Helper()
	s, r := estate.Store(t, store.Options{}), prometheus.NewRegistry()
	newFigures(r, s.Unreadable)
	newDoorFigures(r, s, hygiene.Logger(t), func() int { return 3 })
	return r, s
}

// gathered returns the figures of a name by their label "state".
func gathered(t *testing.T, r *prometheus.Registry, name string) map[string]float64 {
	t.Helper()
	all, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, family := range all {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			label := ""
			for _, l := range m.GetLabel() {
				label += l.GetValue()
			}
			found[label] = m.GetGauge().GetValue()
		}
	}
	return found
}

// TestDoorFigures: doors and orders are counted by state, with those of which there are none; what cannot be read is missing.
func TestDoorFigures(t *testing.T) {
	r, s := doorRegistry(t)
	e := estate.New(t, s, estate.Plan{})
	door := e.AddDoor(core.Reader{Name: "北门", Protocol: core.ProtocolVbar, Direction: core.Out})
	presence := store.NewReaderPresence(s)
	presence.Touch(door.ID, nil)
	presence.Close()
	if _, err := s.CreateDoorCommand(t.Context(), core.System, core.Everywhere, store.NewDoorCommand{
		Reader: door.ID, Reason: "送货", Key: "a", Online: true, Now: s.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	doors := gathered(t, r, "tongxing_doors")
	if want := map[string]float64{"online": 1, "never": float64(len(e.Doors) - 1), "stale": 0, "offline": 0}; !maps.Equal(doors, want) {
		t.Errorf("doors %v, want %v", doors, want)
	}
	orders := gathered(t, r, "tongxing_door_orders")
	if len(orders) != len(core.CommandStates()) || orders["waiting"] != 1 || orders["opened"] != 0 {
		t.Errorf("orders %v", orders)
	}
	if held := gathered(t, r, "tongxing_broker_doors"); held[""] != 3 {
		t.Errorf("held %v", held)
	}
	broken, gone := doorRegistry(t)
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	if got := gathered(t, broken, "tongxing_doors"); len(got) != 0 {
		t.Errorf("without a database: %v", got)
	}
}

var (
	figureName  = regexp.MustCompile(`fqName: "([a-z_]+)"`)
	figureLabel = regexp.MustCompile(`variableLabels: \{([a-z_,]*)\}`)
	askedFigure = regexp.MustCompile(`tongxing_[a-z_]+`)
	askedLabel  = regexp.MustCompile(`by \(([a-z_, ]+)\)|[{,]([a-z_]+)!?=`)
)

// TestTheDashboardAsksForWhatThereIs: every figure and every label in the dashboard exists, and every figure of doors is on it.
func TestTheDashboardAsksForWhatThereIs(t *testing.T) {
	r, _ := doorRegistry(t)
	all := make(chan *prometheus.Desc, 100)
	r.Describe(all)
	close(all)
	labels := map[string][]string{}
	for desc := range all {
		text := desc.String()
		labels[figureName.FindStringSubmatch(text)[1]] = strings.Split(figureLabel.FindStringSubmatch(text)[1], ",")
	}
	text, err := os.ReadFile("../docs/grafana/doors.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil || len(board.Panels) == 0 {
		t.Fatalf("%d panels, %v", len(board.Panels), err)
	}
	asked := map[string]bool{}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			name := strings.TrimSuffix(askedFigure.FindString(target.Expr), "_bucket")
			if asked[name] = true; labels[name] == nil {
				t.Errorf("%s asks for %q, which is not there", panel.Title, target.Expr)
			}
			for _, match := range askedLabel.FindAllStringSubmatch(target.Expr, -1) {
				for _, label := range strings.Split(match[1]+match[2], ", ") {
					if label != "le" && !slices.Contains(labels[name], label) {
						t.Errorf("%s asks %s for the label %q", panel.Title, name, label)
					}
				}
			}
		}
	}
	for name := range labels {
		if name != "tongxing_unreadable_values_total" && !asked[name] {
			t.Errorf("%s is on no panel", name)
		}
	}
}
