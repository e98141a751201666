/** What is given back by those who were to give it back and are gone without. For the packages of this module. */
package vmette.reclaim;
