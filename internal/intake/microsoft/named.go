package microsoft

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// acceptedFiles is what can be imported, as every refusal of another kind of file says it.
const acceptedFiles = "Purveyor takes the partner's daily rated usage and invoice reconciliation lines, as CSV or JSON lines"

// adviceDownload is what to do about a file that holds other costs than those of the partner's invoice.
const adviceDownload = "Download the daily rated usage and the reconciliation file of the invoice from the provider's billing workspace for partners"

// kind is a kind of file that people have and that is not taken: what it is, and what to do instead.
type kind struct {
	code, what, do string
}

// signature tells a kind by the first bytes of a file.
type signature struct {
	kind
	begins []string // any of them
	has    string   // and this, further on
}

// signatures are tried in their order.
func signatures() []signature {
	workbook := kind{"spreadsheet", "a spreadsheet's own file", "Save its sheet as CSV UTF-8, with commas, or better download the file again and open it in no spreadsheet: those change identifiers and dates"}
	packed := func(how string) kind {
		return kind{"archive", "compressed by " + how, "Unpack it, or compress it by gzip"}
	}
	data := func(what string) kind {
		return kind{"data_file", what, "Export it as CSV or JSON lines"}
	}
	picture := kind{"picture", "a picture", "Choose the file that holds the rows"}
	return []signature{
		{workbook, []string{"PK\x03\x04"}, "xl/"},
		{workbook, []string{"PK\x03\x04"}, "[Content_Types].xml"},
		{workbook, []string{"PK\x03\x04"}, "application/vnd.oasis.opendocument"},
		{workbook, []string{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}, ""},
		{kind{"zip", "a zip archive", "Unpack it, and import what is in it"}, []string{"PK\x03\x04", "PK\x05\x06", "PK\x07\x08"}, ""},
		{kind{"gzip_twice", "compressed twice", "Unpack it once"}, []string{"\x1f\x8b"}, ""},
		{packed("7-Zip"), []string{"7z\xbc\xaf\x27\x1c"}, ""},
		{packed("RAR"), []string{"Rar!"}, ""},
		{packed("bzip2"), []string{"BZh"}, "1AY&SY"},
		{packed("xz"), []string{"\xfd7zXZ"}, ""},
		{packed("Zstandard"), []string{"\x28\xb5\x2f\xfd"}, ""},
		{data("a Parquet file"), []string{"PAR1", "PARE"}, ""},
		{data("an Avro file"), []string{"Obj\x01"}, ""},
		{data("an ORC file"), []string{"ORC\x08", "ORC\x0a"}, ""},
		{data("an Arrow file"), []string{"ARROW1"}, ""},
		{data("a database"), []string{"SQLite format 3\x00"}, ""},
		{kind{"pdf", "a PDF document", "The rows behind an invoice are in its reconciliation file and its daily rated usage: download these"}, []string{"%PDF-"}, ""},
		{picture, []string{"\x89PNG", "\xff\xd8\xff", "GIF87a", "GIF89a", "II*\x00", "MM\x00*", "BM\x00", "8BPS"}, ""},
		{picture, []string{"RIFF"}, "WEBP"},
		{picture, []string{"\x00\x00\x00"}, "ftyp"},
		{kind{"text_document", "a text document", "Choose the file that holds the rows"}, []string{"{\\rtf"}, ""},
	}
}

// kindBySignature is the kind whose signature a file has.
func kindBySignature(head []byte) (kind, bool) {
	for _, s := range signatures() {
		for _, b := range s.begins {
			if bytes.HasPrefix(head, []byte(b)) && bytes.Contains(head, []byte(s.has)) {
				return s.kind, true
			}
		}
	}
	return kind{}, false
}

// kindByMarkup is the kind of a text in a mark-up language: a page that was answered instead of a file, or an XML document.
func kindByMarkup(head []byte) (kind, bool) {
	lower := bytes.ToLower(bytes.TrimLeft(head, " \t\r\n"))
	if !bytes.HasPrefix(lower, []byte("<")) {
		return kind{}, false
	}
	switch {
	case bytes.Contains(lower, []byte("<html")), bytes.Contains(lower, []byte("<!doctype html")):
		return kind{"web_page", "a web page, such as a sign-in or error page that was saved in place of the file", "Sign in and download the file again"}, true
	case bytes.Contains(lower, []byte("urn:schemas-microsoft-com:office:spreadsheet")):
		return kind{"spreadsheet", "a spreadsheet's own file (XML)", "Save its sheet as CSV UTF-8, with commas"}, true
	case bytes.HasPrefix(lower, []byte("<?xml")), bytes.Contains(lower, []byte("xmlns")), bytes.Contains(lower, []byte("</")), bytes.Contains(lower, []byte("/>")):
		return kind{"xml", "an XML document, such as an electronic invoice or an answer of a service", "Download the file as CSV or JSON lines"}, true
	}
	return kind{}, false
}

// export tells a kind of text file by the names of its columns or members: by at least so many of them, and all of
// those it needs. Names are compared in small letters without spaces and signs.
type export struct {
	kind
	needs []string
	least int
	names []string
}

// exports are tried in their order: those with names of their own come first. The names of one more export, or
// of one more language, are one more line here.
func exports() []export {
	cost := kind{"cost_export", "an Azure cost export", "Its amounts are not those of the partner's invoice. " + adviceDownload}
	focus := kind{"focus", "a cost file by the FOCUS specification", "Its amounts are grouped in another way than those of the partner's invoice. " + adviceDownload}
	aws := kind{"aws_cur", "a cost and usage report of AWS", "AWS is not sold through this provider. " + adviceDownload}
	oci := kind{"oci_cost", "a cost or usage report of Oracle Cloud", "Oracle Cloud is not sold through this provider. " + adviceDownload}
	gcp := kind{"gcp_billing", "a billing export of Google Cloud", "Google Cloud is not sold through this provider. " + adviceDownload}
	prices := kind{"price_sheet", "a price sheet", "It holds prices and no usage. What you charge stands in price books, which purveyor pricebook publish takes"}
	legacy := kind{"legacy_reconciliation", "a reconciliation file of the provider's older offers", "Lines of today's offers are in the reconciliation file of the new commerce experience: download that"}
	list := kind{"cost_export", "the manifest of an Azure cost export", "Neither it nor the files it lists are those of the partner's invoice. " + adviceDownload}
	problem := kind{"error_answer", "an error that the provider's interface answered", "What it says is the reason; ask again, and save the answer that holds items"}
	w := strings.Fields
	return []export{
		{focus, w("chargecategory billedcost"), 2, w("chargecategory billedcost")},
		{focus, nil, 4, w(`billedcost effectivecost listcost contractedcost chargecategory chargeclass chargefrequency chargeperiodstart
			chargeperiodend invoiceissuername subaccountid pricingcategory consumedquantity servicecategory skupriceid`)},
		{oci, nil, 2, w(`lineitemreferenceno costmycost costcurrencycode usagebilledquantity usageconsumedquantity productcompartmentid
			lineitemtenantid lineitemintervalusagestart costskuunitdescription costproductsku`)},
		{aws, nil, 2, w(`identitylineitemid identitytimeinterval billpayeraccountid billinvoiceid lineitemusageaccountid lineitemproductcode
			lineitemunblendedcost lineitemusageamount lineitemlineitemtype`)},
		{aws, nil, 3, w("payeraccountid linkedaccountid recordtype unblendedcost blendedcost usagequantity productcode rateid subscriptionid itemdescription")},
		{gcp, nil, 3, w(`billingaccountid serviceid servicedescription skuid skudescription usagestarttime usageendtime projectid projectname
			costtype exporttime invoicemonth usageamount usageunit adjustmentinfo`)},
		{gcp, nil, 4, w("accountid lineitem starttime endtime project measurement1 measurement1totalconsumption measurement1units")},
		{gcp, nil, 4, w("billingaccountname billingaccountid projectname projectid projecthierarchy servicedescription serviceid skudescription skuid credittype")},
		{gcp, nil, 3, w("billingaccountid service sku usagestarttime usageendtime project exporttime costtype invoice")},
		{prices, nil, 3, w(`erpprice pricingtierrangemin pricingtierrangemax skutitle termduration billingplan changeindicator segment
			effectivestartdate effectiveenddate previousvalues`)},
		{prices, nil, 3, w(`offerdisplayname offerid licenseagreementtype purchaseunit listprice erpprice secondarylicensetype endcustomertype
			validfromdate validtodate`)},
		{prices, nil, 4, w(`baseprice marketprice tierminimumunits pricetype effectivestartdate effectiveenddate includedquantity unitofmeasure
			meterid metername enrollmentnumber partnumber priceperunit retailprice armskuname armregionname currencycode`)},
		{prices, nil, 3, w("retailprice armskuname armregionname currencycode tierminimumunits isprimarymeterregion")},
		{legacy, nil, 2, w(`syndicationpartnersubscriptionnumber durableofferid chargecyclestartdate chargecycleenddate totalotherdiscount resourceguid
			overagequantity pretaxcharges pretaxeffectiverate posttaxeffectiverate`)},
		{list, nil, 3, w("manifestversion exportconfig deliveryconfig runinfo blobs bytecount datarowcount")},
		{problem, nil, 1, w("error errorcode")},
		{problem, nil, 2, w("code message")},
		{problem, nil, 3, w("code description data source")},
		{cost, nil, 2, w(`costinbillingcurrency costinpricingcurrency costinusd paygcostinbillingcurrency paygcostinusd effectiveprice paygprice
			billingprofileid billingprofilename invoicesectionid invoicesectionname productorderid productordername servicefamily
			exchangeratepricingtobilling isazurecrediteligible costallocationrulename`)},
		{cost, nil, 3, w(`accountownerid departmentname accountname subscriptionguid subscriptionname consumedquantity extendedcost resourcerate
			offerid pretaxcost usagedatetime usagequantity instanceid metercategory costcenter chargesbilledseparately invoicesection
			effectiveprice unitofmeasure billingaccountid`)},
		{cost, nil, 2, w("cost costusd costinusd")},
		{cost, w("consumedquantity metercategory"), 2, w("consumedquantity metercategory")},
		// Headings of other languages, as the portal writes them.
		{cost, nil, 3, w(`datum kosten kosteninusd kosteninabrechnungswährung abonnementid abonnementname abonnementguid abonnement ressourcengruppe
			ressourcengruppenname ressourcenstandort ressourcentyp ressource verbrauchteseinheiten kategoriederverbrauchseinheit
			idderverbrauchseinheit namederverbrauchseinheit unterkategoriederverbrauchseinheit zählerkategorie zählername zähler menge
			abrechnungswährung währung dienstname genutzterdienst maßeinheit abrechnungskonto effektiverpreis gebührentyp`)},
		{cost, nil, 3, w(`date coût coûtendevisedefacturation abonnement iddabonnement nomdelabonnement groupederessources emplacementdelaressource
			catégorieducompteur nomducompteur iddecompteur quantité devise devisedefacturation unitédemesure prixeffectif`)},
		{cost, nil, 3, w(`fecha costo coste costoenlamonedadefacturación suscripción iddesuscripción nombredelasuscripción grupoderecursos ubicacióndelrecurso
			categoríadelmedidor nombredelmedidor cantidad moneda monedadefacturación unidaddemedida precioefectivo`)},
		{cost, nil, 3, w(`data costo costonellavalutadifatturazione sottoscrizione idsottoscrizione nomesottoscrizione gruppodirisorse posizionerisorsa
			categoriamisuratore nomemisuratore quantità valuta valutadifatturazione unitàdimisura prezzoeffettivo`)},
		{cost, nil, 3, w(`datum kosten kosteninfactureringsvaluta abonnement abonnementsid abonnementsnaam resourcegroep resourcelocatie metercategorie
			meternaam hoeveelheid valuta factureringsvaluta maateenheid`)},
		{cost, nil, 3, w(`data custo custonamoedadecobrança assinatura iddaassinatura nomedaassinatura grupoderecursos localdorecurso categoriadomedidor
			nomedomedidor quantidade moeda moedadecobrança unidadedemedida`)},
	}
}

// kindByNames is the kind of a file whose columns or members have these names.
func kindByNames(names []string) (kind, bool) {
	has := map[string]bool{}
	for _, n := range names {
		has[plainName(n)] = true
		if from, to := strings.IndexByte(n, '('), strings.LastIndexByte(n, ')'); from >= 0 && to > from { // "Abonnement-GUID (SubscriptionGuid)"
			has[plainName(n[from+1:to])], has[plainName(n[:from])] = true, true
		}
	}
	delete(has, "")
	for _, x := range exports() {
		found := 0
		for _, n := range x.names {
			found += boolInt(has[n])
		}
		all := true
		for _, n := range x.needs {
			all = all && has[n]
		}
		if all && found >= x.least {
			return x.kind, true
		}
	}
	return kind{}, false
}

// plainName is a name in small letters without spaces and signs.
func plainName(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\"'_-/.:\ufeff’", r) {
			return -1
		}
		return r
	}, s))
}

// fields divides a header at what most of it is divided by.
func fields(header string) (names []string, by string) {
	by = ","
	for _, c := range []string{";", "\t", "|"} {
		if strings.Count(header, c) > strings.Count(header, by) {
			by = c
		}
	}
	names = strings.Split(strings.TrimRight(header, "\r\n"), by)
	for i := range names {
		names[i] = strings.Trim(strings.TrimSpace(names[i]), `"`)
	}
	return names, by
}

// kindOf is the kind of a text file by what stands at its beginning: one of its first lines is the header, or it is an
// object with members.
func kindOf(head []byte) (kind, bool) {
	if bytes.IndexByte(head, 0) >= 0 || !utf8.Valid(head) {
		head = []byte(string(latin1(head)))
	}
	if k, ok := kindByMarkup(head); ok {
		return k, true
	}
	text := bytes.TrimLeft(head, " \t\r\n[")
	if bytes.HasPrefix(text, []byte("{")) {
		return kindByNames(members(text))
	}
	for i, line := range strings.SplitN(string(head), "\n", 12) {
		if i == 11 {
			break
		}
		names, _ := fields(line)
		if k, ok := kindByNames(names); ok && len(names) > 1 {
			return k, true
		}
	}
	return kind{}, false
}

// latin1 reads bytes as the letters they are in Western Europe's old encoding; it serves to know a header again, no more.
func latin1(b []byte) []rune {
	out := make([]rune, 0, len(b))
	for _, c := range b {
		if c != 0 { // of UTF-16
			out = append(out, rune(c))
		}
	}
	return out
}

// refuseAs refuses a file for what it is.
func (d *decoder) refuseAs(k kind) error {
	return d.refuse(0, "", k.code, "this is %s; %s. %s", k.what, acceptedFiles, k.do)
}
