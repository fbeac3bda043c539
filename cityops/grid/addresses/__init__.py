"""The gazetteer: names, plates and crossings, found as they are typed and told by what is near."""
