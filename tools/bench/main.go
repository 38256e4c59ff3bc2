// Command bench measures the program on this machine and prints a table:
//
//	go run ./tools/bench                     everything, some ten minutes
//	go run ./tools/bench -only embedded      one part: mariadb, embedded, records, pages, search, export, beside, outbox,
//	                                         wework, follower, import, picker, blacklist, kinds, invite,
//	                                         rehearsal
//	go run ./tools/bench -rounds 1 -records 100000   a quick look
//
// Scans alternate between the real server, in a process of its own, and a minimal handler that runs
// the same Redis script and SQL transaction and nothing else (floor.go). The figures are medians
// over alternating rounds, since other work on the machine disturbs both alike. docs/performance.md
// explains them.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"

	"tongxing/testkit/servers"
)

// bench is one run: its options and its servers.
type bench struct {
	rounds    int
	records   int
	residents int
	imported  int
	self      string // this program, to start its children
	server    string // the product; "" = it is not built yet
	dir       string // scratch
	maria     *servers.MariaDB
	redis     *servers.Redis
}

func main() {
	role := flag.String("role", "", "child process: floor, export, exportfloor, import, importbeside, importread, importfloor")
	file := flag.String("file", "", "child's workbook")
	only := flag.String("only",
		"mariadb,embedded,records,pages,search,export,beside,outbox,wework,follower,import,picker,blacklist,kinds,invite,"+
			"rehearsal",
		"parts to measure")
	b := &bench{}
	flag.IntVar(&b.rounds, "rounds", 5, "rounds of each scan measurement; the median counts")
	flag.IntVar(&b.residents, "residents", 500_000, "residents behind the measured pages")
	flag.IntVar(&b.imported, "imported", 100_000, "rows of the import measurement")
	flag.IntVar(&watched, "watched", 0, "child's database server, whose processor time is told too")
	flag.IntVar(&b.records, "records", 1_000_000, "access records of the list, page and export measurements")
	sqlitePath, dsn, redisURL := flag.String("sqlite", "", "child's database"),
		flag.String("dsn", "", "child's database"), flag.String("redis", "", "child's cache")
	flag.Parse()
	var err error
	switch *role {
	case "floor":
		err = serveFloor(*sqlitePath, *dsn, *redisURL)
	case "export":
		err = exportAll(*sqlitePath)
	case "exportfloor":
		err = exportFloor(b.imported)
	case "importfloor":
		err = importFloor(*file)
	case "importread":
		err = importRead(*file)
	case "importbeside":
		err = importBeside(*file, *sqlitePath, *dsn)
	case "import":
		err = importAll(*file, *sqlitePath, *dsn)
	default:
		err = b.run(strings.Split(*only, ","))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures the parts and prints each table as soon as it is complete.
func (b *bench) run(parts []string) error {
	if err := b.prepare(); err != nil {
		return err
	}
	defer b.close()
	fmt.Printf("%s, %d cores, %s/%s\n", runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	for _, part := range parts {
		var err error
		switch part {
		case "mariadb":
			err = b.scans("MariaDB + Redis", true)
		case "embedded":
			err = b.scans("embedded pair", false)
		case "records":
			err = b.lists()
		case "pages":
			err = b.pages()
		case "search":
			err = b.searches()
		case "export":
			err = b.export()
		case "beside":
			err = b.beside()
		case "outbox":
			err = b.outbox()
		case "wework":
			err = b.wework()
		case "follower":
			err = b.follower()
		case "import":
			err = b.imports()
		case "picker":
			err = b.pickers()
		case "blacklist":
			err = b.blacklists()
		case "kinds":
			err = b.kinds()
		case "invite":
			err = b.invites()
		case "rehearsal":
			err = b.rehearsals()
		default:
			err = fmt.Errorf("no such part")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	return nil
}

// prepare starts the servers.
func (b *bench) prepare() (err error) {
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "tongxing-bench-"); err != nil {
		return err
	}
	if b.maria, err = servers.StartMariaDB(); err != nil {
		return err
	}
	b.redis, err = servers.StartRedis()
	return err
}

func (b *bench) close() {
	if b.redis != nil {
		b.redis.Close()
	}
	if b.maria != nil {
		b.maria.Close()
	}
	os.RemoveAll(b.dir)
}
