package core

import (
	"slices"
	"strconv"
	"strings"
)

const readerImportRules = "每行一台读头：名称、所在的门、方向、协议和设备号必填；分组须先添加；服务楼栋用、隔开，留空就是全小区；" +
	"通行证留空就是全部。已登记的读头按协议和设备号识别，不会修改。"

// Where the columns of a list of readers are.
const (
	atReaderName = iota
	atReaderGate
	atReaderDirection
	atReaderProtocol
	atReaderSerial
	atReaderGroup
	atReaderScope
	atReaderKinds
	atReaderQR
	atReaderThermometer
	atReaderInNo
	atReaderHeartbeat
	atReaderFirmware
)

// ReaderImportColumns are the columns of a list of readers, in the order of its template.
func ReaderImportColumns(Community) []ImportColumn {
	yes := ImportColumn{Offers: []string{"是", "否"}, Read: readImportYes, Shown: yesText, Coded: true}
	qr, thermometer := yes, yes
	qr.Key, qr.Label, qr.Names = "qr_allowed", "接受二维码", strings.Fields("门禁二维码 二维码 扫码放行 qr")
	thermometer.Key, thermometer.Label, thermometer.Names = "thermometer", "带测温", strings.Fields("测温 体温 thermometer")
	return []ImportColumn{
		{
			Key: "name", Label: "名称", Needed: true, Read: readImportName64,
			Names: strings.Fields("读头名称 设备名称 读头 门禁名称 名字 name"),
		},
		{
			Key: "gate", Label: "所在的门", Needed: true, Read: readImportName64,
			Names: strings.Fields("门 门名称 大门 出入口 位置 安装位置 gate door"),
		},
		{
			Key: "direction", Label: "方向", Needed: true, Offers: []string{"进门", "出门"}, Read: readImportDirection,
			Shown: labelOf(Direction.Label), Coded: true, Names: strings.Fields("进出 进出方向 出入方向 direction"),
		},
		{
			Key: "protocol", Label: "协议", Needed: true, Offers: protocolLabels(), Read: readImportProtocol, Shown: ProtocolLabel,
			Coded: true, Names: strings.Fields("设备类型 类型 品牌 厂家 型号 设备型号 protocol type"),
		},
		{
			Key: "serial", Label: "设备号", Needed: true, Text: true, Read: readImportSerial,
			Names: strings.Fields("序列号 设备序列号 设备编号 编号 机号 serial sn uuid"),
		},
		{Key: "group", Label: "分组", Read: readImportText(MaxReaderGroupName), Names: strings.Fields("读头分组 组 group")},
		{
			Key: "scope_nodes", Label: "服务楼栋", Read: readImportScope,
			Names: strings.Fields("服务范围 楼栋 范围 适用楼栋 授权楼栋 scope building"),
		},
		{
			Key: "kinds", Label: "通行证", Read: readImportKinds, Shown: kindsText, Coded: true,
			Names: strings.Fields("接受的通行证 通行证种类 放行谁 kinds pass"),
		},
		qr, thermometer,
		{Key: "in_no", Label: "进门读头号", Read: readImportCount(maxReaderHead), Names: strings.Fields("读头号 inno")},
		{
			Key: "heartbeat_seconds", Label: "心跳间隔（秒）", Read: readImportCount(maxHeartbeat),
			Names: strings.Fields("心跳 心跳间隔 心跳秒 heartbeat"),
		},
		{Key: "firmware", Label: "固件版本", Read: readImportText(64), Names: strings.Fields("固件 版本 firmware")},
	}
}

func protocolLabels() []string {
	labels := make([]string, len(readerProtocols))
	for i, p := range readerProtocols {
		labels[i] = p.Label
	}
	return labels
}

func readImportName64(cell string) (string, error) {
	if !nameText(cell, 64) {
		return "", Invalid("请填写名称，最多 64 个字")
	}
	return cell, nil
}

func readImportDirection(cell string) (string, error) {
	switch strings.ToLower(cell) {
	case "进", "进门", "入", "入口", "进口", "in", "进入":
		return string(In), nil
	case "出", "出门", "出口", "out", "外出":
		return string(Out), nil
	}
	return "", Invalid("方向应为进门或出门；一台设备管两个方向的，填一个，另一个用进门读头号")
}

// readImportProtocol reads a family of readers by its label, its name, or a word that it alone has in its label.
func readImportProtocol(cell string) (string, error) {
	typed := strings.ToLower(cell)
	var found []string
	for _, p := range readerProtocols {
		label := strings.ToLower(p.Label)
		if typed == label || typed == p.Name {
			return p.Name, nil
		}
		if strings.Contains(label, typed) {
			found = append(found, p.Name)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", Invalid("没有这种协议；请从模板的下拉列表里选")
	}
	return "", Invalid("有几种协议都叫“" + cell + "”；请从模板的下拉列表里选")
}

func readImportSerial(cell string) (string, error) {
	if cell = FoldFigures(cell); !IsReaderSerial(cell) {
		return "", Invalid("设备号应为 1 至 64 个字母、数字或 - _ . : 符号")
	}
	return cell, nil
}

// readImportScope reads the names of buildings; of the whole community, it returns "".
func readImportScope(cell string) (string, error) {
	if slices.Contains([]string{"全小区", "全部", "所有", "全部楼栋", "-", "/", "无"}, cell) {
		return "", nil
	}
	return readImportList(cell)
}

func readImportKinds(cell string) (string, error) {
	if slices.Contains([]string{"全部", "所有", "-", "/"}, cell) {
		return "", nil
	}
	var kinds []string
	for _, word := range listed(cell) {
		at := slices.IndexFunc(ReaderKinds(), func(k PassKind) bool {
			return word == k.Label() || word+"通行证" == k.Label() || word == string(k)
		})
		if at < 0 {
			return "", Invalid("没有通行证“" + word + "”；可填" + kindsText(joinKindNames(ReaderKinds())) + "，用、隔开")
		}
		kinds = append(kinds, string(ReaderKinds()[at]))
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(kinds))), ","), nil
}

func joinKindNames(kinds []PassKind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ",")
}

// kindsText returns stored kinds of passes in words.
func kindsText(value string) string {
	var labels []string
	for name := range strings.SplitSeq(value, ",") {
		labels = append(labels, PassKind(name).Label())
	}
	return strings.Join(labels, "、")
}

func readImportYes(cell string) (string, error) {
	switch strings.ToLower(cell) {
	case "是", "有", "开", "1", "yes", "y", "true", "√", "接受":
		return "1", nil
	case "否", "无", "没有", "关", "0", "no", "n", "false", "×", "不接受":
		return "0", nil
	}
	return "", Invalid("请填是或否")
}

func yesText(value string) string { return map[string]string{"1": "是", "0": "否"}[value] }

// readImportCount returns what reads a whole number of at most most.
func readImportCount(most int) func(string) (string, error) {
	return func(cell string) (string, error) {
		cell = strings.TrimSuffix(strings.TrimSuffix(FoldFigures(cell), "秒"), ".0")
		n, err := strconv.Atoi(strings.TrimSpace(cell))
		if err != nil || n < 0 || n > most {
			return "", Invalid("请填 0 至 " + strconv.Itoa(most) + " 的整数")
		}
		return strconv.Itoa(n), nil
	}
}

// checkReaderImport judges a row as a whole.
func checkReaderImport(c Community, row *ImportRow) {
	columns := ReaderImportColumns(c)
	for i, column := range columns {
		if column.Needed && row.Values[i] == "" && !failed(*row, column.Key) {
			row.Fail(column.Key, "缺少"+column.Label, "请填写"+column.Label)
		}
	}
	row.Label = row.Values[atReaderGate]
	if len(row.Wrong) > 0 {
		return
	}
	wrong := ImportedReader(row.Values).Trimmed().wrong()
	for _, column := range columns {
		if words := wrong[column.Key]; words != "" {
			row.Fail(column.Key, column.Label+"有误", words)
		}
	}
}

// readerImportKeys compare the rows of one list: a device is in it once.
func readerImportKeys(_ Community, row ImportRow) []ImportKey {
	v := row.Values
	return []ImportKey{{
		Key: v[atReaderProtocol] + "\x00" + v[atReaderSerial], Says: strings.Join(v, "\x00"), Whole: true, Kind: "与另一行矛盾",
		Words: "与第 %d 行是同一台设备，内容不同；请只留一行",
	}}
}

func readerImportWords(n ImportCounts) string {
	return CountedWords("没有变化", Counted{"添加", n.Added(), "台读头"})
}

// ImportedReader returns what values of a list of readers say, but its group and the buildings that it serves.
func ImportedReader(v []string) Reader {
	number := func(at int) int {
		n, _ := strconv.Atoi(v[at]) // the column's Read has let through a number, or nothing
		return n
	}
	r := NewReader()
	r.Name, r.Gate, r.Direction = v[atReaderName], v[atReaderGate], Direction(v[atReaderDirection])
	r.Protocol, r.Serial, r.Firmware = v[atReaderProtocol], v[atReaderSerial], v[atReaderFirmware]
	r.QRAllowed, r.Thermometer = v[atReaderQR] != "0", v[atReaderThermometer] == "1"
	r.InNo, r.HeartbeatSeconds = number(atReaderInNo), number(atReaderHeartbeat)
	if v[atReaderKinds] != "" {
		r.Kinds = nil
		for kind := range strings.SplitSeq(v[atReaderKinds], ",") {
			r.Kinds = append(r.Kinds, PassKind(kind))
		}
	}
	return r
}

// ImportedReaderGroup returns the group that values of a list of readers name; "" = none.
func ImportedReaderGroup(v []string) string { return v[atReaderGroup] }

// ImportedReaderScope returns the buildings that values of a list of readers name; nil = the whole community.
func ImportedReaderScope(v []string) []string { return listed(v[atReaderScope]) }

// PlaceReader sets the buildings of a row as the register calls them.
func PlaceReader(row *ImportRow, buildings []string) {
	row.Values[atReaderScope] = JoinImported(buildings)
}

// FailReaderScope and FailReaderGroup add a fault of the buildings, or of the group.
func FailReaderScope(row *ImportRow, words string) {
	row.Fail("scope_nodes", "服务楼栋有误", words)
}

// FailReaderGroup: see FailReaderScope.
func FailReaderGroup(row *ImportRow, words string) { row.Fail("group", "分组有误", words) }
